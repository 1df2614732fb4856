"""`python -m benchmarks`: measure every section, or some, and write the results."""

import argparse
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from benchmarks import results
from benchmarks.results import Section

# In the order of results.md. Each is a module of this package.
SECTIONS = ("throughput", "dashboards", "slow_backend", "walk", "startup")


def main() -> int:
    """Measure what the command line names."""
    asked = _arguments()
    sections = _sections()
    chosen = [section for section in sections if not asked.section or section.NAME in asked.section]
    folder = asked.to or (None if asked.quick else results.HERE)
    found = results.read(folder) if folder else {}
    for section in chosen:
        print(f"{section.NAME} ...", file=sys.stderr, flush=True)
        found |= {
            "machine": results.machine(),
            "versions": results.versions(),
            section.NAME: section.measure(asked.quick),
        }
        print(section.markdown(found[section.NAME]), flush=True)
        if folder:
            results.write(folder, found, sections)
    return 0


def _sections() -> list[Section]:
    names = [name for name in SECTIONS if find_spec(f"benchmarks.{name}")]
    return [import_module(f"benchmarks.{name}") for name in names]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--section", action="append", choices=SECTIONS, help="measure this one; may be repeated")
    parser.add_argument("--quick", action="store_true", help="show that it works; writes nothing without --to")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where results.json, .md and .svg are written")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
