"""Whether two answers are alike, and a tally of what was compared.

Alike means: same status, same headers, and the same bytes, so the same keys and errors in the same order, and numbers
spelled alike. Two things are taken out first, because they are drawn at random each time: ids under which the log has
something unexpected, and the random half of an audit entry's id.
"""

import asyncio
import json
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import strawberry
from graphql import GraphQLSchema

from gateway.plans import PlannedSchema
from tests.plans.requests import Asked
from tests.plans.world import World

_LOGGED = re.compile(rb'("code":"INTERNAL","id":")[0-9a-f]{16}"')
_NAMED = re.compile(rb"(the log has it under (?:the id )?)[0-9a-f]{16}", re.IGNORECASE)
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
        _require_alike(asked, expected, found)
        answer = json.loads(expected.content)
        if counted:
            self._count(asked, answer)
        return answer

    async def compare_at_once(self, several: Sequence[Asked]) -> None:
        """As `compare`, with all requests under way at the same time in each world."""
        expected = await asyncio.gather(*(one.by(self.reference.client) for one in several))
        found = await asyncio.gather(*(one.by(self.planned.client) for one in several))
        for asked, *answers in zip(several, expected, found, strict=True):
            _require_alike(asked, *answers)
            self._count(asked, json.loads(answers[0].content))

    def _count(self, asked: Asked, answer: Any) -> None:
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


def _require_alike(asked: Asked, expected: httpx.Response, found: httpx.Response) -> None:
    bodies = [_without_chance(one.content) for one in (expected, found)]
    same_head = expected.status_code == found.status_code and _lasting(expected) == _lasting(found)
    if same_head and bodies[0] == bodies[1]:
        return
    raise AssertionError(
        "Answered otherwise by a plan.\n"
        f"Asked:\n{asked.query}\nvariables {json.dumps(asked.variables)}, operationName {asked.operation_name!r}, "
        f"{'GET' if asked.by_get else 'POST'}, accept {asked.accept}\n"
        f"graphql-core: {expected.status_code} {dict(expected.headers)}\n{bodies[0].decode()}\n"
        f"plan:         {found.status_code} {dict(found.headers)}\n{bodies[1].decode()}\n"
    )


def _lasting(response: httpx.Response) -> dict[str, str]:
    """The headers that two answers to the same have alike. What ids in them compress to is chance, as they are."""
    return {name: value for name, value in response.headers.items() if name not in ("x-request-id", "content-length")}


def _without_chance(body: bytes) -> bytes:
    return _ENTRY.sub(_time_of_entry, _NAMED.sub(rb"\1of the log", _LOGGED.sub(rb'\1of the log"', body)))


def _time_of_entry(found: re.Match[bytes]) -> bytes:
    text = found[0]
    return b"entry of " + urlsafe_b64decode(text + b"=" * (-len(text) % 4))[len("1:audit:ledger:") :][:16]


def reference_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """What operations are drawn from."""
    return schema._schema
