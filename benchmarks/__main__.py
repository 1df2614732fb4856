"""`python -m benchmarks`: measure every section, or some, and write the results; or print a part while tuning."""

import argparse
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from benchmarks import results, throughput
from benchmarks.comparing import Case
from benchmarks.equality import Different
from benchmarks.results import Section
from benchmarks.servers import SERVERS
from benchmarks.shapes import SHAPES
from benchmarks.throughput_report import MANY
from benchmarks.upstream import Missing

# In the order of results.md. Each is a module of this package.
SECTIONS = ("throughput", "wire", "dashboards", "slow_backend", "walk", "startup")


def main() -> int:
    """Measure what the command line names. 1 when something is missing, or when two servers do not answer alike."""
    asked = _arguments()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    try:
        if asked.render:
            results.write(asked.to or results.HERE, results.read(asked.to or results.HERE), all_sections())
        elif _is_part(asked):
            _print_part(asked)
        else:
            _measure(asked)
    except (Missing, Different) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _measure(asked: argparse.Namespace) -> None:
    sections = all_sections()
    chosen = [section for section in sections if not asked.section or section.NAME in asked.section]
    folder = asked.to or (None if asked.quick else results.HERE)
    for section in chosen:
        print(f"{section.NAME} ...", file=sys.stderr, flush=True)
        found = {"machine": results.machine(), "versions": results.versions()}
        found[section.NAME] = section.measure(asked.quick)
        print(section.markdown(found[section.NAME]), flush=True)
        if folder:
            results.write(folder, {**results.read(folder), **found}, sections)


def _is_part(asked: argparse.Namespace) -> bool:
    return any((asked.only, asked.shapes, asked.connections, asked.rounds, asked.seconds, asked.warm, asked.cold))


def _print_part(asked: argparse.Namespace) -> None:
    modes = [warm for warm, wanted in ((True, asked.warm), (False, asked.cold)) if wanted] or [True, False]
    cases = [
        Case(shape, warm, connections)
        for shape in SHAPES
        if not asked.shapes or shape.name in asked.shapes
        for warm in modes
        for connections in asked.connections or (MANY,)
    ]
    content = throughput.measured(cases, rounds=asked.rounds or 1, seconds=asked.seconds or 2, only=asked.only)
    print(throughput.table(content["figures"]))


def all_sections() -> list[Section]:
    """The modules of SECTIONS."""
    return [import_module(f"benchmarks.{name}") for name in SECTIONS]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--section", action="append", choices=SECTIONS, help="measure this one; may be repeated")
    parser.add_argument("--quick", action="store_true", help="show that it works; writes nothing without --to")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where results.json, .md and .svg are written")
    parser.add_argument("--render", action="store_true", help="write .md and .svg again from results.json")
    part = parser.add_argument_group("a part of the throughput, printed as a table and written nowhere")
    part.add_argument("--only", type=_among({one.name for one in SERVERS}), help="servers, comma separated")
    part.add_argument("--shapes", type=_among({one.name for one in SHAPES}), help="shapes, comma separated")
    part.add_argument("--connections", type=lambda text: [int(one) for one in text.split(",")], help="1,16,64")
    part.add_argument("--rounds", type=int)
    part.add_argument("--seconds", type=float, help="of each measured time")
    part.add_argument("--warm", action="store_true", help="upstream answers cached")
    part.add_argument("--cold", action="store_true", help="no cache")
    return parser.parse_args()


def _among(known: set[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        found = text.split(",")
        if unknown := [name for name in found if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(sorted(known))}")
        return found

    return names


if __name__ == "__main__":
    sys.exit(main())
