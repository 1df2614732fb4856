"""The fault matrix: what is asked while something is wrong with one vendor, and what may be answered then.

A cell is one GraphQL request. Its answer is below HTTP 500 and holds no INTERNAL error; a list shows the rows of the
backends that nothing ails, and names the one that fails; a change tells the truth of what its vendor did, and has
touched nothing but what it named.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from gateway.domain.ids import decode
from gateway.vendorkit.simulation.faults import FaultKind, FaultRule
from tests.support.fault_questions import (
    LISTS,
    OPERATION,
    SINGLE,
    WATCHED,
    WRITES,
    Objects,
    change_of,
    document_of,
    is_write,
    objects_of,
)
from tests.support.faulty_world import PLAIN, FaultyWorld, faulty_world
from tests.support.tcp_proxy import Trouble

Fault = Trouble | tuple[FaultKind, int]
SIMULATED: tuple[Fault, ...] = (
    (FaultKind.DELAY, 0),
    (FaultKind.THROTTLE, 0),
    *((FaultKind.ERROR, status) for status in (500, 502, 503, 504)),
    *((FaultKind.HTML, status) for status in (200, 404, 502)),
    (FaultKind.CUT, 0),
    (FaultKind.DROP, 0),
    (FaultKind.ANSWER_LOST, 0),
    (FaultKind.REBORN, 0),
)
FAULTS: tuple[Fault, ...] = (*SIMULATED, *Trouble)
_LATE = 0.5
TYPED = frozenset(
    {"BACKEND_UNAVAILABLE", "VENDOR_REJECTED", "THROTTLED", "OUTCOME_UNKNOWN", "NOT_FOUND", "UNSUPPORTED_BY_VENDOR"}
    | {"INVALID_STATE", "IN_USE", "GENERATION_CHANGED", "VERSION_CONFLICT"}
)
_DONE = frozenset({"DONE"})
_NOT_DONE = frozenset({"REFUSED", "FAILED", "PREVIEWED"})
ALARMS = frozenset({"unexpected_error", "answer_not_understood"})


def name_of(fault: Fault) -> str:
    """How the matrix calls it."""
    if isinstance(fault, Trouble):
        return fault.value
    kind, status = fault
    return f"{kind.value} {status}" if status else kind.value


@dataclass(slots=True)
class Matrix:
    """`cells` counts the answers by vendor and fault, `wrong` says what none of them may be."""

    cells: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    struck: int = 0

    @property
    def count(self) -> int:
        """All cells."""
        return sum(cell.total() for cell in self.cells.values())

    def add(self, slug: str, fault: str, answer: str) -> None:
        """Count one."""
        self.cells.setdefault((slug, fault), Counter())[answer] += 1

    def lines(self) -> list[str]:
        """The matrix in lines, and its totals."""
        rows = [
            f"{slug} × {fault}: {cell.total()} cells; "
            + ", ".join(f"{count} {answer}" for answer, count in cell.most_common())
            for (slug, fault), cell in sorted(self.cells.items())
        ]
        return [*rows, self.total()]

    def total(self) -> str:
        """The totals."""
        answers: Counter[str] = sum(self.cells.values(), Counter())
        counted = ", ".join(f"{count} {answer}" for answer, count in answers.most_common())
        return f"fault matrix: {self.count} cells, {len(self.wrong)} wrong, {self.struck} struck; {counted}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cells: reads and changes by name. `again` asks lists twice, once before the fault, past the caches then."""

    lists: Sequence[str] = tuple(LISTS)
    single: Sequence[str] = tuple(SINGLE)
    watched: Sequence[str] = tuple(WATCHED)
    changes: Sequence[str] = tuple(OPERATION)
    pace: Mapping[str, Any] = field(default_factory=lambda: PLAIN)


async def fill(
    matrix: Matrix, slug: str, faults: Sequence[Fault], folder: Path, plan: Plan, *, worlds: int = 4
) -> None:
    """Ask all of a plan under each fault of one vendor, each in a world of its own, `worlds` of them at a time."""
    places = asyncio.Semaphore(worlds)

    async def one_world(number: int, fault: Fault) -> None:
        place = folder / f"{slug}-{number}"
        place.mkdir()
        async with places, faulty_world(slug, place, plan.pace) as world:
            await _Row(matrix, world, fault, plan).fill()

    with capture_logs() as logged:
        await asyncio.gather(*(one_world(number, fault) for number, fault in enumerate(faults)))
    matrix.wrong += [f"{slug}: logged {one['event']} {one}" for one in logged if one["event"] in ALARMS]


@dataclass(slots=True)
class _Row:
    """One fault of one world's vendor."""

    matrix: Matrix
    world: FaultyWorld
    fault: Fault
    plan: Plan
    asking: str = ""

    async def fill(self) -> None:
        objects = await objects_of(self.world)
        for name in self.plan.lists:
            await self._cell(name, lambda name=name: self._list(LISTS[name]))
        for name in self.plan.single:
            await self._cell(name, lambda name=name: self._single(SINGLE[name], objects))
        for name in self.plan.watched:
            await self._cell(name, lambda name=name: self._watched(WATCHED[name], objects))
        for name in self.plan.changes:
            if _lacks(self.world, name):
                await self._refused_change(name, objects)
            else:
                await self._change(name)

    # ------------------------------------------------------------------ cells

    async def _cell(self, name: str, ask: Callable[[], Any], *, only_writes: bool = False) -> None:
        self.asking = name
        await self._strike(only_writes=only_writes)
        try:
            answer = await ask()
        finally:
            self.matrix.struck += self.world.proxy.struck
            await self.world.recover()
        self.matrix.add(self.world.slug, name_of(self.fault), answer)

    async def _strike(self, *, only_writes: bool) -> None:
        if isinstance(self.fault, Trouble):
            await self.world.proxy.begin(self.fault, is_write if only_writes else lambda _: True)
            return
        kind, status = self.fault
        members = {"fault": kind, "seconds": _LATE, "status": status or 503}
        operations = WRITES[self.world.slug] if only_writes else (None,)
        self.world.vendor.faults.rules += [FaultRule(operation=one, **members) for one in operations]

    def _must(self, fine: bool, what: object) -> None:
        if not fine:
            self.matrix.wrong.append(f"{self.world.slug} × {name_of(self.fault)} × {self.asking}: {what!s:.600}")

    async def _answer(self, query: str, **variables: Any) -> dict[str, Any]:
        response = await self.world.post(query, **variables)
        self._must(response.status_code < 500, f"HTTP {response.status_code}: {response.text}")
        answer: dict[str, Any] = response.json()
        for error in answer.get("errors", ()):
            self._must(error.get("extensions", {}).get("code") in TYPED, error)
        return answer

    async def _list(self, query: str) -> str:
        answer = await self._answer(query)
        found = (answer.get("data") or {}).get("list")
        self._must(found is not None, answer)
        if found is None:
            return "nothing"
        rows = Counter(row["backend"]["name"] for row in found["nodes"])
        for one in found["backends"]:
            if one["name"] != self.world.name:
                self._must(one["status"] == "SKIPPED" or (one["status"] == "OK" and rows[one["name"]] > 0), one)
        (own,) = (one for one in found["backends"] if one["name"] == self.world.name)
        told = (own["error"] or {}).get("code") in TYPED
        self._must(own["status"] in {"OK", "SKIPPED"} or (own["status"] in {"FAILED", "STALE"} and told), own)
        self._must(own["status"] != "OK" or rows[own["name"]] > 0, "OK, and without the rows that there are")
        return str(own["status"])

    async def _single(self, query: str, objects: Objects) -> str:
        answer = await self._answer(query, **objects.variables)
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        failed = [code for status, code in _statuses(answer.get("data")) if status == "FAILED"]
        for code in failed:
            self._must(code in TYPED, answer)
        top = next(iter((answer.get("data") or {"": None}).values()))
        self._must(bool(codes) or (top is not None and top != [None]), "null, and no error says why")
        return str((codes + failed + ["answered"])[0])

    async def _watched(self, query: str, objects: Objects) -> str:
        url = self.world.url.replace("http", "ws") + "/graphql"
        async with asyncio.timeout(10), connect(url, subprotocols=["graphql-transport-ws"]) as socket:
            await socket.send(orjson.dumps({"type": "connection_init"}).decode())
            await socket.recv()
            payload = {"query": query, "variables": {"task": objects.variables["task"]}}
            await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())
            message = orjson.loads(await socket.recv())
        payload = message["payload"]
        errors = payload if message["type"] == "error" else payload.get("errors", [])
        for error in errors:
            self._must(error.get("extensions", {}).get("code") in TYPED, error)
        return str(errors[0]["extensions"]["code"]) if errors else "answered"

    # ------------------------------------------------------------------ changes

    async def _change(self, name: str) -> None:
        """A dry run while everything fails, then the change itself while only what changes something does."""
        await self.world.renew()
        objects = await objects_of(self.world)
        members, target = change_of(self.world, name, objects)
        before = await self.world.fleet()
        await self._cell(f"{name}, dryRun", lambda: self._changed(name, {**members, "dryRun": True}, before, target))
        await self._cell(name, lambda: self._changed(name, members, before, target), only_writes=True)

    async def _refused_change(self, name: str, objects: Objects) -> None:
        """One that the vendor does not have is refused before any call, dry run or not."""
        members, _ = change_of(self.world, name, objects)
        for more in ({"dryRun": True}, {}):
            await self._cell(name, lambda more=more: self._unsupported(name, {**members, **more}))

    async def _unsupported(self, name: str, members: dict[str, Any]) -> str:
        before = dict(self.world.vendor.calls)
        answer = await self._answer(document_of(name), input=members)
        codes = [error["code"] for error in answer["data"]["change"]["errors"]]
        self._must(codes == ["UNSUPPORTED_BY_VENDOR"], answer)
        self._must(dict(self.world.vendor.calls) == before, "the vendor was called")
        return "UNSUPPORTED"

    async def _changed(self, name: str, members: dict[str, Any], before: dict[Any, Any], target: str | None) -> str:
        answer = await self._answer(document_of(name), input=members)
        payload = (answer.get("data") or {}).get("change")
        self._must(payload is not None, answer)
        if payload is None:
            return "nothing"
        for error in payload["errors"]:
            self._must(error["code"] in TYPED, error)
        outcome = _outcome(payload)
        self.world.vendor.faults.rules.clear()
        await self.world.proxy.end()
        after = await self.world.fleet()
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        if outcome in _DONE:
            self._must(bool(changed), f"{outcome}, and nothing was done")
        if outcome in _NOT_DONE or members.get("dryRun"):
            self._must(not changed, f"{outcome}, and done all the same: {payload} {changed}")
        self._must(outcome not in {"ALREADY_DONE", "ALREADY_DELETED"}, payload)
        named = _named(name, target, before)
        created = {key for key in changed if key not in before}
        beyond = (changed - created) if target is None else changed - named
        self._must(not beyond, f"touched what was not named: {beyond}")
        made = [key for key in created if key[0] == "task"]
        self._must(target is not None or len(made) <= 1, f"created more than once: {made}")
        return outcome


def _statuses(data: object) -> list[tuple[str, str | None]]:
    """Status and error code of each backend entry, wherever it stands."""
    if isinstance(data, list):
        return [one for item in data for one in _statuses(item)]
    if not isinstance(data, dict):
        return []
    own = [(one["status"], (one["error"] or {}).get("code")) for one in data.get("backends", ()) if "status" in one]
    return own + [one for value in data.values() for one in _statuses(value)]


def _outcome(payload: dict[str, Any]) -> str:
    if "outcome" in payload:
        return str(payload["outcome"])
    if payload["results"]:
        return str(payload["results"][0]["outcome"])
    return "PREVIEWED" if payload["preview"] else "REFUSED"


def _lacks(world: FaultyWorld, name: str) -> bool:
    capabilities = world.vendor.manifest.capabilities
    return next(one for one in capabilities if one.operation == OPERATION[name]).support == "NONE"


def _named(name: str, target: str | None, before: dict[Any, Any]) -> set[Any]:
    """What a change may touch: its object, the executions of its task, and the task of its execution."""
    if target is None:
        return set()
    ref = decode(target)
    key = (ref.kind.value, *ref.key)
    if ref.kind.value == "task":
        return {key} | {one for one in before if one[0] == "execution" and before[one][2:] == ref.key}
    if ref.kind.value == "execution":
        return {key, ("task", *before[key][2:])}
    return {key}
