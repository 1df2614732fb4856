"""Whether two answers are alike, and a tally of what was compared.

Alike means: same status, same headers, and the same bytes. Two things are taken out first, because they are drawn at
random each time: the id under which the log has an unexpected error, and the random half of an audit entry's id.

One thing is let pass: fields that are awaited at the same time add their errors in the order in which they happen to
end, which the specification leaves open. Where the bytes differ, the answers are parsed with the order of keys and
the spelling of numbers kept, and all but the order of `errors` must be equal. How often that was needed is counted.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
from graphql import GraphQLSchema

from gateway.plans import PlannedSchema
from tests.plans.requests import Asked
from tests.plans.world import World

_LOGGED = re.compile(rb'("code":"INTERNAL","id":")[0-9a-f]{16}"')
_ENTRY = re.compile(rb"MTphdWRpdDpsZWRnZXI6[\w-]+")


@dataclass(slots=True)
class Tally:
    """What was compared, by trait."""

    seen: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    stepped_aside: int = 0
    executed: int = 0

    @property
    def compared(self) -> int:
        """How many operations."""
        return self.seen["operations"]

    def lines(self, of: str) -> list[str]:
        """The figures, for people."""
        if not self.compared:
            return []
        shares = ", ".join(
            f"{trait} {100 * count / self.compared:.1f} %"
            for trait, count in self.seen.most_common()
            if trait != "operations"
        )
        lines = [
            f"{of}: {self.compared} operations answered alike by plan and graphql-core ({shares})",
            f"{of}: stepped aside in {self.stepped_aside} of {self.executed} executed operations, "
            f"{100 * self.stepped_aside / max(self.executed, 1):.2f} %",
        ]
        return lines + [f"  {count} times: {reason}" for reason, count in self.reasons.most_common(12)]


@dataclass(slots=True)
class Pair:
    """Two worlds that begin alike: `reference` answers by graphql-core, `planned` by plans."""

    reference: World
    planned: World
    schema: PlannedSchema
    tally: Tally

    async def begin_anew(self) -> None:
        """Both as in the beginning."""
        await self.reference.begin_anew()
        await self.planned.begin_anew()

    async def compare(self, asked: Asked, *, counted: bool = True) -> Any:
        """Ask both, and give the answer, parsed. Raises AssertionError with everything that is needed to repeat it."""
        expected = await asked.by(self.reference.client)
        found = await asked.by(self.planned.client)
        order_kept = _alike(asked, expected, found)
        answer = json.loads(expected.content)
        if counted:
            self._count(asked, answer, order_kept=order_kept)
        return answer

    def _count(self, asked: Asked, answer: Any, *, order_kept: bool) -> None:
        seen = self.tally.seen
        seen["operations"] += 1
        traits = _Traits()
        data = answer.get("data")
        traits.look(data)
        for trait, there in (
            ("errors", "errors" in answer),
            ("never executed", "data" not in answer),
            ("data null", "data" in answer and data is None),
            ("data beside errors", data is not None and "errors" in answer),
            ("nulls in data", traits.nulls),
            ("rows", traits.rows),
            ("directives", "@" in asked.query),
            ("fragments", "..." in asked.query),
            ("variables", bool(asked.variables)),
            ("introspection", "__schema" in asked.query or "__type(" in asked.query),
            ("only the order of errors differs", not order_kept),
        ):
            seen[trait] += there
        if "data" not in answer:
            return
        self.tally.executed += 1
        reasons = self.schema.stepped_aside(asked.query, asked.operation_name or None, asked.variables or {})
        self.tally.stepped_aside += bool(reasons)
        self.tally.reasons.update(set(reasons))


@dataclass(slots=True)
class _Traits:
    nulls: bool = False
    rows: bool = False

    def look(self, value: Any) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                if inner is None:
                    self.nulls = True
                else:
                    self.look(inner)
        elif isinstance(value, list):
            for inner in value:
                self.rows = self.rows or isinstance(inner, dict)
                self.look(inner)


def _alike(asked: Asked, expected: httpx.Response, found: httpx.Response) -> bool:
    """Whether the order of errors is the same too. Raises AssertionError when more than that differs."""
    bodies = [_without_chance(one.content) for one in (expected, found)]
    same_head = expected.status_code == found.status_code and expected.headers == found.headers
    if same_head and bodies[0] == bodies[1]:
        return True
    parsed = [json.loads(body, object_pairs_hook=_Members, parse_float=_Number, parse_int=_Number) for body in bodies]
    if same_head and all(isinstance(one, _Members) for one in parsed):
        sorted_errors = [_Members((name, _sorted(name, value)) for name, value in one) for one in parsed]
        if sorted_errors[0] == sorted_errors[1]:
            return False
    raise AssertionError(
        "Answered otherwise by a plan.\n"
        f"Asked:\n{asked.query}\nvariables {json.dumps(asked.variables)}, operationName {asked.operation_name!r}, "
        f"{'GET' if asked.by_get else 'POST'}, accept {asked.accept}\n"
        f"graphql-core: {expected.status_code} {dict(expected.headers)}\n{bodies[0].decode()}\n"
        f"plan:         {found.status_code} {dict(found.headers)}\n{bodies[1].decode()}\n"
    )


class _Members(tuple[tuple[str, Any], ...]):
    """An object's members, in their order."""

    __slots__ = ()


class _Number(str):
    """A number, as it was spelled."""

    __slots__ = ()


def _sorted(name: str, value: Any) -> Any:
    return sorted(value, key=repr) if name == "errors" else value


def _without_chance(body: bytes) -> bytes:
    return _ENTRY.sub(_time_of_entry, _LOGGED.sub(rb'\1of the log"', body))


def _time_of_entry(found: re.Match[bytes]) -> bytes:
    text = found[0]
    return b"entry of " + urlsafe_b64decode(text + b"=" * (-len(text) % 4))[len("1:audit:ledger:") :][:16]


def reference_schema(schema: PlannedSchema | Any) -> GraphQLSchema:
    """What operations are drawn from."""
    found: GraphQLSchema = schema._schema
    return found
