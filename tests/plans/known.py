"""What the world holds that a client could name: ids, names, and cursors that continue a list."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.domain.device import device
from gateway.domain.ids import Kind, ObjectId, encode
from tests.plans import rows
from tests.plans.world import SHELVES, World

# A list's place in the schema, and arguments under which its cursors are fetched. Those of nested lists are fetched
# for one object only: for any other they are cursors of another list.
_WALKS = (
    ("Query.tasks", "", "tasks(first: 20{with}) {{ {edges} }}"),
    ("Query.tasks", "orderBy: {field: NAME, direction: ASC}", "tasks(first: 20{with}) {{ {edges} }}"),
    ("Query.tasks", "orderBy: {field: BACKEND}", "tasks(first: 7{with}) {{ {edges} }}"),
    ("Query.tasks", 'filter: {backends: ["whole", "odd"]}', "tasks(first: 9{with}) {{ {edges} }}"),
    ("Query.packages", "", "packages(first: 8{with}) {{ {edges} }}"),
    ("Query.packages", "orderBy: {field: BACKEND}", "packages(first: 4{with}) {{ {edges} }}"),
    ("Query.auditEntries", "", "auditEntries(first: 6{with}) {{ {edges} }}"),
    ("OtaTask.executions", "", 'task(id: "{task}") {{ executions(first: 3{with}) {{ {edges} }} }}'),
    ("OtaPackage.usedBy", "", 'package(id: "{package}") {{ usedBy(first: 2{with}) {{ {edges} }} }}'),
    (
        "OtaDevice.executions",
        "",
        'device(backend: "whole", name: "d0") {{ executions(first: 3{with}) {{ {edges} }} }}',
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`ids` by kind; `unusable` are ids that name nothing; `walks`: for a list, (arguments, cursors under them)."""

    ids: Mapping[Kind, Sequence[str]]
    unusable: Sequence[str]
    walks: Mapping[str, Sequence[tuple[str, Sequence[str]]]]
    cursors: Sequence[str]
    backends: Sequence[str] = tuple(one.name for one in rows.BACKENDS)
    urns: Sequence[str] = field(default=("whole/d0", "whole/d1", "bare/pk/d0", "nowhere/d0", "whole", "whole/%21"))

    def __repr__(self) -> str:
        return "what is known of the world"


def ids_of(shelf_members: str) -> list[str]:
    """The ids of every row of one sort, hidden ones too."""
    return [row.id for shelf in SHELVES.values() for row in getattr(shelf, shelf_members).values()]


def id_of(shelf_members: str, backend: str, *key: str) -> str:
    """The id of one row."""
    found: str = getattr(SHELVES[backend], shelf_members)[key].id
    return found


async def known_of(world: World, entries: Sequence[str]) -> Known:
    """Look around in a world; `entries` are ids of its audit."""
    ids = {
        Kind.TASK: ids_of("tasks"),
        Kind.PACKAGE: ids_of("packages"),
        Kind.EXECUTION: ids_of("executions"),
        Kind.DEVICE: _devices(),
        Kind.AUDIT: list(entries),
    }
    walks: dict[str, list[tuple[str, Sequence[str]]]] = {}
    for place, arguments, template in _WALKS:
        given = f", {arguments}" if arguments else ""
        edges = "edges { cursor }"
        names = {"task": ids[Kind.TASK][4], "package": ids[Kind.PACKAGE][1], "edges": edges, "with": given}
        query = template.format(**names)
        answer = (await world.client.post("/graphql", json={"query": f"{{ {query} }}"})).json()
        found = list(_cursors(answer["data"]))
        assert found, (query, answer)
        walks.setdefault(place, []).append((arguments, found))
    everything = [cursor for several in walks.values() for _, found in several for cursor in found]
    return Known(ids=ids, unusable=_unusable(), walks=walks, cursors=everything)


def _devices() -> list[str]:
    named = [device(rows.WHOLE, f"d{number}") for number in range(6)]
    named += [device(rows.LACKING, f"d{number}") for number in range(3)]
    named += [device(rows.BARE, "d0", "pk"), device(rows.ODD, "d0"), device(rows.ODD, "d1"), device(rows.DEAD, "d0")]
    return [one.id for one in named]


def _unusable() -> list[str]:
    other = [
        ObjectId(Kind.TASK, "nowhere", ("t1",)),
        ObjectId(Kind.TASK, "whole", ("t-none",)),
        ObjectId(Kind.TASK, "whole", ("t1",), "12345"),
        ObjectId(Kind.TASK, "dead", ("t1",)),
        ObjectId(Kind.PACKAGE, "odd", ("shelf", "falls")),
        ObjectId(Kind.PACKAGE, "bare", ("shelf", "p0!")),
        ObjectId(Kind.EXECUTION, "whole", ("d0", "t9")),
        ObjectId(Kind.EXECUTION, "dead", ("d0", "t9")),
        ObjectId(Kind.DEVICE, "bare", ("without-product",)),
        ObjectId(Kind.AUDIT, "ledger", ("0" * 32,)),
    ]
    forged = base64.urlsafe_b64encode(b"2:task:whole:t1:").decode().rstrip("=")
    return [*map(encode, other), forged, "", "t1", "not an id \N{SNOWMAN}", "MTp0YXNrOg", "5"]


def _cursors(data: Any) -> Any:
    if isinstance(data, dict):
        for name, value in data.items():
            if name == "cursor":
                yield value
            else:
                yield from _cursors(value)
    elif isinstance(data, list):
        for value in data:
            yield from _cursors(value)
