"""Requests: a document and how it is asked, several times with other variables where it has some."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from graphql import GraphQLSchema
from hypothesis import strategies as st

from tests.plans.arguments import Uses, Variable
from tests.plans.flaws import flawed
from tests.plans.known import Known
from tests.plans.operations import Writer

_ACCEPTS = ("application/json", "application/graphql-response+json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as a client sends it. `at_once`: together with the others of its document.

    Otherwise it is asked `times`: what is shown again may be answered from what was kept.
    """

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    by_get: bool = False
    accept: str = _ACCEPTS[0]
    at_once: bool = False
    times: int = 1

    async def by(self, client: httpx.AsyncClient) -> httpx.Response:
        """Send it."""
        members: dict[str, Any] = {"query": self.query}
        if self.variables is not None:
            members["variables"] = self.variables
        if self.operation_name is not None:
            members["operationName"] = self.operation_name
        headers = {"accept": self.accept}
        if not self.by_get:
            return await client.post("/graphql", json=members, headers=headers)
        if "variables" in members:
            members["variables"] = json.dumps(members["variables"])
        return await client.get(f"/graphql?{urlencode(members)}", headers=headers)


@st.composite
def reads(draw: Callable[..., Any], schema: GraphQLSchema, known: Known) -> list[Asked]:
    """A valid document of one or more queries."""
    writer = Writer(draw, schema, known, fields=draw(_FIELDS))
    several = writer.values.weighted(((1, 88), (2, 9), (3, 3)))
    assert schema.query_type is not None
    depth = writer.values.weighted(((4, 3), (5, 3), (3, 2), (6, 2), (2, 1)))
    written = [writer.operation(schema.query_type, depth=depth) for _ in range(several)]
    return _asked(writer, "query", written)


@st.composite
def changes(draw: Callable[..., Any], schema: GraphQLSchema, known: Known) -> list[Asked]:
    """Valid documents of a mutation each, to be carried out one after the other."""
    asked: list[Asked] = []
    assert schema.mutation_type is not None
    for _ in range(2):
        writer = Writer(draw, schema, known, fields=draw(_FIELDS))
        asked += _asked(writer, "mutation", [writer.operation(schema.mutation_type, depth=4)])
    return asked


@st.composite
def flaws(draw: Callable[..., Any], schema: GraphQLSchema, known: Known) -> list[Asked]:
    """Documents with something wrong in them, and requests that ask for what is not there."""
    asked = draw(reads(schema, known))
    writer = Writer(draw, schema, known, fields=0)
    return [flawed(writer.values, one) for one in asked[:1]]


_FIELDS = st.sampled_from((6, 9, 4, 12, 7, 16, 10, 24))


def _asked(writer: Writer, sort: str, written: list[tuple[str, Uses]]) -> list[Asked]:
    values = writer.values
    parts = []
    names = []
    for at, (text, uses) in enumerate(written):
        name = f"Op{at}" if len(written) > 1 or values.chance(25) else None
        names.append(name)
        declared = [one.declared for one in writer.variables.values() if one.name in uses.variables]
        heading = f"({', '.join(declared)})" if declared else ""
        if name is None and not heading and sort == "query" and values.chance(60):
            parts.append(text)
        else:
            parts.append(f"{sort} {name or ''}{heading} {text}")
    needed = set().union(*(uses.fragments for _, uses in written))
    parts += [one.text for one in writer.fragments.values() if one.name in needed]
    if len(parts) > 1 and values.chance(20):
        parts.reverse()
    query = _spaced(writer, ("\n" if values.chance(50) else "  ").join(parts))
    at_once = values.chance(15)
    asked = []
    for name, (_, uses) in zip(names, written, strict=True):
        used = [one for one in writer.variables.values() if one.name in uses.variables]
        asked += [
            Asked(
                query=query,
                variables=_variables(writer, used) if used or values.chance(5) else None,
                operation_name=name if len(written) > 1 or values.chance(50) else None,
                by_get=values.chance(6),
                accept=values.weighted(((_ACCEPTS[0], 3), (_ACCEPTS[1], 1))),
                at_once=at_once,
                times=values.weighted(((1, 92), (3, 8))),
            )
            for _ in range(1 + (values.number(3) if used else 0))
        ]
    return asked


def _spaced(writer: Writer, query: str) -> str:
    """The document with its lines broken elsewhere, as locations count lines; no text in it holds these pieces."""
    if not writer.values.chance(30):
        return query
    closing, opening = writer.values.one_of(((" }\n", "{\n  "), (" },\n\n", "{ # what follows\r\n"), ("\t}", "{,,, ")))
    return query.replace(" }", closing).replace("{ ", opening)


def _variables(writer: Writer, used: list[Variable]) -> dict[str, Any]:
    values = writer.values
    given: dict[str, Any] = {}
    for one in used:
        how = values.weighted(_HOW)
        if how == "right" or (one.required and how == "missing" and values.chance(60)):
            given[one.name] = one.draw_value()
        elif how == "null":
            given[one.name] = None
        elif how == "wrong":
            given[one.name] = values.wrong()
        elif how == "nearly":
            given[one.name] = _nearly(values.wrong(), one.draw_value())
    if values.chance(5):
        given["unasked"] = values.wrong()
    return given


_HOW = (("right", 78), ("missing", 13), ("null", 3), ("wrong", 3), ("nearly", 3))


def _nearly(wrong: Any, right: Any) -> Any:
    """A right value with something wrong inside."""
    if isinstance(right, dict):
        return {**right, "unknown": wrong} if wrong else dict.fromkeys(right, wrong)
    if isinstance(right, list):
        return [*right, wrong, None]
    return [right]
