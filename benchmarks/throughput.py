"""How many questions a second each server answers, how soon, and what that costs."""

from collections.abc import Sequence
from os import getloadavg
from typing import Any

from benchmarks.comparing import Case, compare
from benchmarks.servers import SERVERS
from benchmarks.shapes import SHAPES
from benchmarks.throughput_report import MANY, report

NAME = "throughput"

CONNECTIONS = (1, MANY, 64)
ROUNDS = 5
SECONDS = 1.5

# The shape that is asked by 1 and by 64 connections too.
_ALL_CONNECTIONS = "flat-4x25"


def measure(quick: bool) -> dict[str, Any]:
    """Every server, shape and mode."""
    cases = [
        Case(shape, warm, connections)
        for shape in SHAPES
        for warm in (True, False)
        for connections in (CONNECTIONS if shape.name == _ALL_CONNECTIONS else (MANY,))
    ]
    return measured(cases, rounds=1 if quick else ROUNDS, seconds=0.5 if quick else SECONDS)


def measured(
    cases: Sequence[Case], *, rounds: int, seconds: float, only: Sequence[str] | None = None
) -> dict[str, Any]:
    """The figures of these cases, for all servers or some."""
    servers = [server for server in SERVERS if only is None or server.name in only]
    return {
        "rounds": rounds,
        "seconds": seconds,
        "load_average_before": round(getloadavg()[0], 1),
        "servers": {server.name: server.title for server in servers},
        "shapes": {case.shape.name: case.shape.title for case in cases},
        "figures": list(compare(servers, cases, rounds=rounds, seconds=seconds)),
    }


def markdown(content: dict[str, Any]) -> str:
    """What was done, and the tables."""
    return report(content)


def table(figures: Sequence[dict[str, Any]]) -> str:
    """All figures, a line each, for whoever tunes."""
    heads = ("shape", "mode", "connections", "server", "q/s", "p50 ms", "p99 ms", "cpu ms", "MiB", "failed")
    keys = ("shape", "mode", "connections", "server", "rate", "p50_ms", "p99_ms", "cpu_ms", "peak_memory_mib", "failed")
    ordered = sorted(figures, key=lambda one: (one["mode"], one["shape"], one["connections"]))
    rows = [heads, *([str(one[key]) for key in keys] for one in ordered)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
