"""All servers side by side: started over one upstream, checked to answer alike, then loaded in turn, round by round."""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.equality import answer, same_answers
from benchmarks.running import Running, start
from benchmarks.servers import Server
from benchmarks.shapes import Shape
from benchmarks.upstream import upstream, where_nginx_is
from benchmarks.wrk import Load, Question, load, question, where_wrk_is

# At first, for compilers that learn while running; and before each measured time, so that it starts at full pace.
_FIRST_WARM_UP = 1.0
_WARM_UP = 0.3
# Each connection should get a few answers, however slow the server is.
_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One table row's conditions: a shape, warm or cold, and how many connections ask at once."""

    shape: Shape
    warm: bool
    connections: int


@dataclass(slots=True)
class Figures:
    """What was found for one server in one case: one entry per round. CPU in milliseconds a query."""

    server: Server
    case: Case
    loads: list[Load] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    peak_memory_mib: float = 0

    def content(self) -> dict[str, Any]:
        """As results.json holds it."""
        return {
            "server": self.server.name,
            "shape": self.case.shape.name,
            "mode": "warm" if self.case.warm else "cold",
            "connections": self.case.connections,
            "rates": [round(one.rate, 1) for one in self.loads],
            "rate": round(median(one.rate for one in self.loads), 1),
            "p50_ms": round(median(one.p50 for one in self.loads), 2),
            "p99_ms": round(median(one.p99 for one in self.loads), 2),
            "cpu_ms": round(median(self.cpu_ms), 3),
            "peak_memory_mib": round(self.peak_memory_mib),
            "failed": sum(one.failed for one in self.loads),
        }


def compare(
    servers: Sequence[Server], cases: Sequence[Case], *, rounds: int, seconds: float
) -> Iterator[dict[str, Any]]:
    """The figures of every server in every case.

    Raises Missing, and Different, before any timing, when two do not answer alike.
    """
    where_wrk_is()
    where_nginx_is()
    by_group = sorted(cases, key=lambda case: (case.warm, case.shape.jobs))
    for (warm, jobs), group in groupby(by_group, key=lambda case: (case.warm, case.shape.jobs)):
        _say(f"{'warm' if warm else 'cold'}, 4 x {jobs} tasks")
        of_group = list(group)
        asked = [one for one in servers if any(one.document(case.shape, warm) for case in of_group)]
        with _started(asked, jobs, warm=warm) as (running, folder):
            for found in _rounds(running, of_group, folder, rounds=rounds, seconds=seconds):
                yield found.content()


@contextmanager
def _started(servers: Sequence[Server], jobs: int, *, warm: bool) -> Iterator[tuple[list[Running], Path]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ota-gateway-bench-")))
        upstreams = stack.enter_context(upstream(folder / "upstream", jobs))
        running = []
        for server in servers:
            one = start(server, upstreams, folder, warm=warm)
            stack.callback(one.stop)
            running.append(one)
        yield running, folder


def _rounds(
    running: Sequence[Running], cases: Sequence[Case], folder: Path, *, rounds: int, seconds: float
) -> list[Figures]:
    shapes = list(dict.fromkeys(case.shape for case in cases))
    for shape in shapes:
        _check(running, shape)
    asked = {(one.server.name, shape): _question(folder, one, shape) for shape, one in _pairs(running, shapes)}
    for shape, one in _pairs(running, shapes):
        load(asked[one.server.name, shape], connections=16, seconds=_FIRST_WARM_UP)
        one.settle()
    found: dict[tuple[str, Case], Figures] = {}
    for number in range(rounds):
        _say(f"  round {number + 1} of {rounds}")
        for case in cases:
            for shape, one in _pairs(running, [case.shape]):
                figures = found.setdefault((one.server.name, case), Figures(one.server, case))
                _measure(one, asked[one.server.name, shape], figures, seconds)
    for shape in shapes:
        _check(running, shape)
    return list(found.values())


def _pairs(running: Sequence[Running], shapes: Sequence[Shape]) -> Iterator[tuple[Shape, Running]]:
    return ((shape, one) for shape in shapes for one in running if one.document(shape) is not None)


def _measure(one: Running, asked: Question, into: Figures, seconds: float) -> None:
    connections = into.case.connections
    load(asked, connections=connections, seconds=_WARM_UP)
    before = one.cpu_seconds()
    measured = load(asked, connections=connections, seconds=seconds, answers=_ANSWERS)
    used = one.cpu_seconds() - before
    one.settle()
    into.loads.append(measured)
    into.cpu_ms.append(used * 1000 / max(measured.requests, 1))
    into.peak_memory_mib = one.peak_memory_mib()


def _check(running: Sequence[Running], shape: Shape) -> None:
    asked = [one for _, one in _pairs(running, [shape])]
    same_answers(asked, shape, [_body(one, shape) for one in asked])


def _body(one: Running, shape: Shape) -> dict[str, Any]:
    body: dict[str, Any] = {"query": one.document(shape)}
    if shape.by_id:
        found = answer(one, {"query": "{ tasks(first: 100) { nodes { id } } }"})
        nodes = found["data"]["tasks"]["nodes"]
        body["variables"] = {"id": nodes[len(nodes) // 2]["id"]}
    return body


def _question(folder: Path, one: Running, shape: Shape) -> Question:
    file = folder / f"{one.server.name}-{shape.name}.json"
    body = _body(one, shape)
    if shape.unseen:
        body["query"] = shape.with_aliases()
    file.write_text(json.dumps(body), encoding="utf-8")
    return question(one.url, file, unseen=shape.unseen)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
