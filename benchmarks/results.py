"""What a run found, as results.json, and results.md rendered from it, so that one section can be measured again alone.

results.json holds `machine`, `versions` and, under its name, the content of each section that was measured.
"""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from benchmarks import chart

HERE = Path(__file__).parent


class Section(Protocol):
    """One kind of measurement: a module with these three."""

    NAME: str

    def measure(self, quick: bool) -> dict[str, Any]:
        """The figures, as plain JSON. `quick` shows in seconds that it works; its figures mean little."""

    def markdown(self, content: dict[str, Any]) -> str:
        """A heading, what was done, and tables, from what `measure` returned."""


def machine() -> dict[str, Any]:
    """What the figures were measured on, and when."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "measured": datetime.now(UTC).date().isoformat(),
    }


def versions() -> dict[str, str]:
    """Of what was measured and what it was measured with. Peers stand under their npm names."""
    found = {"python": platform.python_version()}
    for package in ("ota-gateway", "strawberry-graphql", "graphql-core", "starlette", "uvicorn", "httpx"):
        found[package] = version(package)
    found["node"] = _first_line("node", "--version").lstrip("v")
    found["nginx"] = _first_line("nginx", "-v").rpartition("/")[2]
    found["wrk"] = _first_line("wrk", "-v").removeprefix("wrk ").partition(" ")[0]
    peers = HERE / "peers" / "package.json"
    if peers.exists():
        found.update(json.loads(peers.read_text(encoding="utf-8")).get("dependencies", {}))
    return found


def read(folder: Path) -> dict[str, Any]:
    """What results.json holds; empty where there is none."""
    file = folder / "results.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def write(folder: Path, found: dict[str, Any], sections: Sequence[Section]) -> None:
    """results.json, results.md, and the chart where there is a throughput to draw."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "results.md").write_text(render(found, sections), encoding="utf-8")
    if "throughput" in found:
        (folder / "results.svg").write_text(chart.svg(found["throughput"]), encoding="utf-8")


def render(found: dict[str, Any], sections: Sequence[Section]) -> str:
    """results.md: the machine, each measured section in the given order, the versions."""
    on = found["machine"]
    parts = [
        "# Results",
        f"Written by `make bench` on {on['measured']}: {on['processor']}, {on['cores']} cores, {on['memory_gib']} GiB, "
        f"{on['system']}. How it is measured: [docs/benchmarks.md](../docs/benchmarks.md).",
        *(section.markdown(found[section.NAME]).strip() for section in sections if section.NAME in found),
        "## Versions",
        ", ".join(f"{name} {number}" for name, number in found["versions"].items()) + ".",
    ]
    return "\n\n".join(parts) + "\n"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "none"
    return ((done.stdout or done.stderr).splitlines() or [""])[0]
