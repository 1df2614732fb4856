"""Values for arguments and variables: mostly what the world holds, sometimes what it does not, sometimes no such type.

A value is drawn for a place in the schema, such as "Query.task.id" or "OtaTaskFilter.text". It is plain JSON data with
enum values as `EnumName`; `literal` writes it as GraphQL.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    is_required_input_field,
)
from hypothesis import strategies as st

from gateway.domain.ids import Kind
from tests.plans.known import Known

Thing = TypeVar("Thing")
Draw = Callable[[st.SearchStrategy[Any]], Any]
MOMENTS = (
    "2026-02-01T03:00:00Z",
    "2026-02-01T02:00:00.123+01:00",
    "2026-03-02T00:00:05z",
    "2025-12-31T23:59:59.123456789Z",
    "2026-02-01 05:00:00+00:00",
)
WRONG: tuple[Any, ...] = (
    "", "no", "5", 0, -1, 7, 1.5, 2.0, 1 << 40, True, False, [], {}, [None], [["x"]], {"id": 1}, {"unknown": "x"},
    "2026-02-01T05:00:00", "2026-13-01T00:00:00Z", "IN_PROGRESS",
)  # fmt: skip
_NAMES = {
    "text": ("task", "T1", "t", "nothing has this", "\N{SNOWMAN}"),
    "reason": ("because", "", "x" * 3000),
    "idempotencyKey": ("key-1", "key-2", ""),
    "actor": ("anonymous", "somebody"),
    "productKey": ("pk", "pk", "other"),
    "deviceNames": ("d0", "d1", "d2", "d3", "nobody", "d!"),
    "targets": ("d0", "d1", "d2", " "),
    "thingName": ("d0", "d1", "d2"),
    "jobId": ("t1", "t2", "t4", "t99"),
    "description": ("new words", "", "other words"),
    "name": ("a name", "rejected", "n" * 60),
    "expectedFingerprint": ("f1.0", "nonsense"),
}
_IDS = {
    "Query.task.id": Kind.TASK,
    "Query.package.id": Kind.PACKAGE,
    "Query.execution.id": Kind.EXECUTION,
    "OtaExecutionFilter.taskId": Kind.TASK,
    "DevicesRef.taskId": Kind.TASK,
    "DevicesRef.packageId": Kind.PACKAGE,
    "CreateOtaTaskInput.packageId": Kind.PACKAGE,
    "DeleteOtaPackageInput.id": Kind.PACKAGE,
    "DeleteJobExecutionInput.id": Kind.EXECUTION,
    "CancelDeviceUpgradeInput.executionIds": Kind.EXECUTION,
    "ConfirmOtaTaskInput.executionIds": Kind.EXECUTION,
    "RetryOtaTaskInput.executionIds": Kind.EXECUTION,
    "UpdateOtaTaskInput.id": Kind.TASK,
    "ConfirmOtaTaskInput.id": Kind.TASK,
    "RetryOtaTaskInput.id": Kind.TASK,
    "CancelOtaTaskInput.id": Kind.TASK,
    "DeleteOtaTaskInput.id": Kind.TASK,
}
_FIRST = (3, 2, 1, 4, 5, 2, 3, 10, 50, 1000, 0, -1, 1001)
_ENTITIES = ("OtaTask", "OtaPackage", "OtaExecution", "OtaDevice")


class EnumName(str):
    """An enum value, written without quotes."""

    __slots__ = ()


@cache
def _upto(most: int) -> st.SearchStrategy[int]:
    return st.integers(0, most)


class Values:
    """Draws values. What is drawn first among alternatives is the simplest, so that failures shrink towards it."""

    def __init__(self, draw: Draw, known: Known) -> None:
        self._draw = draw
        self._known = known

    def chance(self, percent: int) -> bool:
        """True that often; shrinks to False."""
        return bool(self._draw(_upto(99)) >= 100 - percent)

    def number(self, most: int) -> int:
        """0 to `most`."""
        return int(self._draw(_upto(most)))

    def one_of(self, several: Sequence[Thing]) -> Thing:
        """One of these, all alike likely."""
        return several[self.number(len(several) - 1)]

    def weighted(self, several: Sequence[tuple[Thing, int]]) -> Thing:
        """One of these, as likely as its weight."""
        at = self.number(sum(weight for _, weight in several) - 1)
        for thing, weight in several:
            at -= weight
            if at < 0:
                return thing
        raise AssertionError

    def value(self, kind: GraphQLInputType, place: str) -> Any:
        """A value that this type accepts; whether the gateway likes it is another matter."""
        if isinstance(kind, GraphQLNonNull):
            return self.value(kind.of_type, place)
        if isinstance(kind, GraphQLList):
            if self.chance(8):
                return self.value(kind.of_type, place)  # one value is taken for a list of it
            return [self.value(kind.of_type, place) for _ in range(self.weighted(_LENGTHS))]
        if isinstance(kind, GraphQLEnumType):
            return EnumName(self.one_of(list(kind.values)))
        if isinstance(kind, GraphQLInputObjectType):
            return {
                name: self.value(field.type, f"{kind.name}.{name}")
                for name, field in kind.fields.items()
                if is_required_input_field(field) or self.chance(_wish(kind.name, name))
            }
        return self.scalar(kind, place)

    def scalar(self, kind: GraphQLNamedType, place: str) -> Any:
        """A value of a scalar for this place."""
        holder, _, name = place.rpartition(".")
        if kind.name == "ID":
            return self.an_id(_IDS.get(place))
        if kind.name == "Int":
            return self.one_of(_FIRST) if name == "first" else self.number(5)
        if kind.name == "Boolean":
            return self.chance(60 if name == "dryRun" else 40)
        if kind.name == "DateTime":
            return self.one_of(MOMENTS)
        if kind.name == "_Any":
            return self.representation()
        if kind.name == "JSON":
            return self.one_of(({}, {"a": [1, 2.5, None]}, "text", 5, [True]))
        if name in ("after", "before"):
            return self.one_of((*self._known.cursors, "", "not a cursor"))
        if name in ("backend", "backends") or place == "Query.backend.name":
            return self.one_of(self._known.backends) if not self.chance(8) else self.one_of(("nowhere", "", "WHOLE"))
        if place == "Query.device.name" or holder == "OtaDeviceRef":
            return self.one_of(("d0", "d1", "d2", "d3", "nobody", "d0!"))
        if place == "Query.__type.name":
            return self.one_of(("OtaTask", "Node", "OtaTaskFilter", "OtaVendor", "Nothing", "OtaTaskDetails", "String"))
        return self.one_of(_NAMES.get(name, ("x", "", "some text")))

    def an_id(self, kind: Kind | None) -> str:
        """An id, mostly one that names something, and something of that kind."""
        if self.chance(8):
            return self.one_of(self._known.unusable)
        if kind is None or self.chance(5):
            kind = self.one_of(list(Kind))
        return self.one_of(self._known.ids[kind])

    def representation(self) -> Any:
        """What a router sends for an entity."""
        if self.chance(8):
            return self.one_of((5, "text", {}, {"__typename": "Nothing"}, {"__typename": "OtaTask"}, {"id": "x"}))
        name = self.one_of(_ENTITIES)
        if name == "OtaDevice" and self.chance(50):
            return {"__typename": name, "urn": self.one_of(self._known.urns)}
        kind = Kind(name.removeprefix("Ota").lower())
        more = {"name": "from elsewhere"} if self.chance(10) else {}
        return {"__typename": name, "id": self.an_id(kind), **more}

    def wrong(self) -> Any:
        """A value that most types refuse."""
        return self.one_of(WRONG)


_LENGTHS = ((1, 5), (2, 4), (3, 2), (0, 1), (5, 1))


def _wish(holder: str, name: str) -> int:
    """How often, in a hundred, a member that may be left out is given."""
    if holder == "OtaExecutionFilter":
        return 85 if name == "taskId" else 15
    if name in ("id", "executionIds", "devices", "execution"):
        return 55
    return 50 if name == "dryRun" else 22


def literal(value: Any) -> str:
    """The value as GraphQL writes it."""
    if isinstance(value, EnumName):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {literal(inner)}' for name, inner in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)
