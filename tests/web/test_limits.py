"""What one request may hold, how often one principal may ask, what only some may explore: by HTTP and websocket."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query
from starlette.requests import HTTPConnection
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from gateway.auth import EVERYTHING, Principal, Rights
from gateway.domain.limits import Limits
from gateway.plans import NO_DOCUMENTS, PlannedSchema, RequestRates, TrustedDocuments
from gateway.schema.root import build_schema
from gateway.settings import LimitSettings, ServerSettings
from gateway.web import create_web
from tests.support.simulated_gateway import simulated_gateway
from tests.web.conftest import serving

_PAGES = """query ($tasks: Int!, $executions: Int = 50) {
  tasks(first: $tasks) { pageInfo { hasNextPage } edges { cursor node { id name status package { id name }
    executionCounts { total byStatus { status count } } allowedOperations { operation }
    executions(first: $executions) { pageInfo { hasNextPage } edges { cursor node {
      id status device { id name } task { id } } } } } } } }"""
_EXPLORER = Principal(name="explorer", rights=EVERYTHING)
_ROUTER = Principal(name="router", rights=Rights())


@dataclass(frozen=True, slots=True)
class _Client:
    http: httpx.AsyncClient
    port: int

    async def post(self, members: Any) -> httpx.Response:
        return await self.http.post("/graphql", json=members)

    async def errors(self, query: str, **variables: Any) -> list[dict[str, Any]]:
        answer = (await self.post({"query": query, "variables": variables or None})).json()
        return list(answer.get("errors", ()))

    async def streamed(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The first answer over a websocket."""
        url = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as socket:
            await socket.send('{"type": "connection_init"}')
            await socket.recv()
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            answer: dict[str, Any] = json.loads(await socket.recv())
            return answer


@asynccontextmanager
async def _served(
    limits: Limits | None = None,
    *,
    principal: Principal = _EXPLORER,
    rates: RequestRates | None = None,
    documents: TrustedDocuments = NO_DOCUMENTS,
    planning: bool = True,
    body_bytes: int = 1024 * 1024,
) -> AsyncIterator[_Client]:
    def asking(context: Any) -> Principal:
        found: Principal = context.caller.principal
        return found

    def context(_: HTTPConnection) -> object:
        return SimpleNamespace(caller=SimpleNamespace(principal=principal))

    schema = PlannedSchema(build_schema(), planning=planning, limits=limits, rates=rates, asking=asking)
    settings = LimitSettings(body_bytes=body_bytes)
    app = create_web(schema, context, server=ServerSettings(), limits=settings, documents=documents)
    async with (
        serving(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as http,
    ):
        yield _Client(http, port)


_BEYOND: dict[str, tuple[Limits, str, dict[str, Any]]] = {
    "characters": (Limits(characters=20), "{ __typename }        ", {}),
    "tokens": (Limits(tokens=4), "{ __typename __typename __typename }", {}),
    "definitions": (Limits(definitions=1), "{ ...F } fragment F on Query { __typename }", {}),
    "depth": (Limits(depth=2), "{ backends { ...F } } fragment F on OtaBackend { health { state } }", {}),
    "selections": (Limits(selections=3), "{ ...F ...F } fragment F on Query { __typename }", {}),
    "root_fields": (Limits(root_fields=1), "{ ...F __typename } fragment F on Query { backends { name } }", {}),
    "aliases": (Limits(aliases=1), "{ ...F ...F } fragment F on Query { a: __typename }", {}),
    "repeats": (Limits(repeats=1), "{ __typename ... { __typename } }", {}),
    "directives": (Limits(directives=1), "{ __typename @skip(if: false) @include(if: true) }", {}),
    "value_depth": (Limits(value_depth=2), 'mutation { updateOtaTask(input: {a: [["b"]]}) { outcome } }', {}),
    "list_length": (Limits(list_length=1), "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a", "b"]}),
    "variables": (Limits(variables=1), "{ __typename }", {"a": 1, "b": 2}),
    "variable_values": (Limits(variable_values=3), "{ __typename }", {"a": {"b": {"c": 1, "d": 2, "e": 3}}}),
    "objects": (Limits(objects=10), "query ($n: Int) { tasks(first: $n) { nodes { id } } }", {"n": 11}),
}


def test_there_is_a_request_beyond_every_limit() -> None:
    assert set(_BEYOND) == {one.name for one in fields(Limits)}


@pytest.mark.parametrize("name", list(_BEYOND))
@pytest.mark.parametrize("planning", [True, False])
async def test_what_is_beyond_a_limit_is_refused_by_its_name(name: str, planning: bool) -> None:
    limits, query, variables = _BEYOND[name]
    async with _served(limits, planning=planning) as client:
        (error,) = await client.errors(query, **variables)
        over_websocket = await client.streamed({"query": query, "variables": variables})
    extensions = error["extensions"]
    assert (extensions["code"], extensions["limit"]) == ("LIMIT_EXCEEDED", name)
    assert extensions["maximum"] == getattr(limits, name)
    assert extensions.get("found", 1 << 60) > extensions["maximum"]
    assert over_websocket == {"id": "1", "type": "error", "payload": [error]} or (
        over_websocket["payload"]["errors"] == [error]
    )


async def test_a_body_beyond_its_limit_is_413_and_names_it() -> None:
    async with _served(body_bytes=2_000) as client:
        answer = await client.post({"query": "{ __typename }", "extensions": {"filler": "x" * 2_000}})
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"] == {
        "code": "LIMIT_EXCEEDED", "limit": "body_bytes", "maximum": 2_000,
    }  # fmt: skip


async def test_a_hundred_tasks_with_fifty_executions_are_admitted_and_a_thousand_with_a_thousand_are_not(
    tmp_path: Path,
) -> None:
    async with simulated_gateway(tmp_path, only=["aws-iot"]) as gateway:
        assert (await gateway.ask(_PAGES, tasks=100))["tasks"]["edges"]
        refused = await gateway.answer(_PAGES, tasks=1_000, executions=1_000)
    (error,) = refused["errors"]
    assert error["extensions"]["limit"] == "objects"
    assert error["extensions"]["found"] > 1_000_000


@pytest.mark.parametrize(
    ("query", "variables", "objects"),
    [
        ("{ tasks { nodes { id } } }", {}, 51),
        ("{ tasks(first: 3) { nodes { id } edges { node { id } } } }", {}, 1 + 3 + 6),
        ("query ($n: Int = 7) { tasks(first: $n) { nodes { id } } }", {}, 8),
        ("query ($n: Int) { tasks(first: $n) { nodes { id } } }", {"n": None}, 51),
        ('{ nodes(ids: ["a", "b", "c"]) { id ... on OtaTask { package { id } } } }', {}, 6),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 9}, 9),
        ("query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", {"r": [{}] * 5}, 5),
        ("{ tasks(first: 2) { ...G } } fragment G on OtaTaskConnection { nodes { id } }", {}, 3),
        (
            "mutation ($i: CancelDeviceUpgradeInput!) { cancelDeviceUpgrade(input: $i) { results { target } } }",
            {"i": {"executionIds": ["a"] * 20}},
            22,
        ),
        ("{ tasks(first: 5) { nodes { a: id b: id } } }", {}, 1 + 5 * 3),
    ],
)  # fmt: skip
async def test_objects_are_counted_by_what_is_asked_for(query: str, variables: dict[str, Any], objects: int) -> None:
    async with _served(Limits(objects=1)) as client:
        (error,) = await client.errors(query, **variables)
    assert error["extensions"]["found"] == objects


async def test_the_usual_introspection_query_is_within_all_limits() -> None:
    async with _served() as client:
        full = get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True)
        assert await client.errors(full) == []


_GUESSES = [
    "{ taskss { nodes { id } } }",
    "{ tasks(firs: 1) { nodes { id } } }",
    "{ tasks(filter: {statu: READY}) { nodes { id } } }",
    "{ tasks(filter: {status: [REDY]}) { nodes { id } } }",
    "query ($a: OtaTaskFilte) { tasks(filter: $a) { nodes { id } } }",
    "{ backends { name ... on OtaBackendd { name } } }",
]


@pytest.mark.parametrize("query", _GUESSES)
async def test_names_are_suggested_to_those_who_may_explore_only(query: str) -> None:
    async with _served() as client:
        told = await client.errors(query)
    async with _served(principal=_ROUTER) as client:
        silent = await client.errors(query)
        streamed = json.dumps(await client.streamed({"query": query}))
    assert any("Did you mean" in error["message"] for error in told)
    assert silent
    assert not any("Did you mean" in error["message"] for error in silent)
    assert "Did you mean" not in streamed


async def test_names_are_not_suggested_in_errors_of_variables_either() -> None:
    query = "query ($f: OtaTaskFilter) { tasks(filter: $f) { nodes { id } } }"
    guess = {"f": {"statu": ["READY"]}}
    async with _served() as client:
        assert "Did you mean" in (await client.errors(query, **guess))[0]["message"]
    async with _served(principal=_ROUTER) as client:
        assert "Did you mean" not in (await client.errors(query, **guess))[0]["message"]


@pytest.mark.parametrize("asked", ["__schema { types { name } }", '__type(name: "Query") { name }', "_service { sdl }"])
async def test_the_schema_is_described_to_those_who_may_explore_only(asked: str) -> None:
    hidden = f"{{ ...F }} fragment F on Query {{ {asked} }}"
    async with _served() as client:
        assert await client.errors(hidden) == []
    async with _served(principal=_ROUTER) as client:
        (error,) = await client.errors(hidden)
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert "FORBIDDEN" in json.dumps(await client.streamed({"query": hidden}))
        assert await client.errors("{ __typename }") == []


async def test_who_asks_too_often_is_told_when_to_come_back() -> None:
    moment = [0.0]
    rates = RequestRates(0.5, 2, now=lambda: moment[0])
    async with _served(rates=rates) as client:
        assert await client.errors("{ __typename }") == []
        assert "errors" not in json.dumps(await client.streamed({"query": "{ __typename }"}))
        refused = await client.post({"query": "{ __typename }"})
        streamed = await client.streamed({"query": "{ __typename }"})
        moment[0] += 2
        assert await client.errors("{ __typename }") == []
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert "RATE_LIMITED" in json.dumps(streamed)


def test_each_principal_has_a_rate_of_its_own() -> None:
    rates = RequestRates(1, 1, now=lambda: 0.0)
    for name in ("one", "another"):
        rates.take(name)


def test_the_rate_is_divided_by_the_processes_and_is_off_without_authentication() -> None:
    assert LimitSettings().rate(authenticated=False, processes=1) is None
    assert LimitSettings().rate(authenticated=True, processes=2) == (50, 100)
    assert LimitSettings(requests_per_second=8, requests_burst=9).rate(authenticated=False, processes=1) == (8, 9)


_TYPED = "{ __typename }"
_ID = sha256(_TYPED.encode()).hexdigest()


@pytest.mark.parametrize(
    "members",
    [
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": _ID}}},
        {"documentId": "typed"},
        {"id": "typed"},
        {"doc_id": _ID},
        {"query": _TYPED},
    ],
)
async def test_a_trusted_document_is_executed_by_its_id(members: dict[str, Any]) -> None:
    async with _served(documents=TrustedDocuments({"typed": _TYPED}, only=True)) as client:
        assert (await client.post(members)).json() == {"data": {"__typename": "Query"}}
        assert (await client.streamed(members))["payload"] == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("members", [{"query": "{ backends { name } }"}, {"documentId": "other"}, {"id": "0" * 64}])
async def test_no_other_document_is_executed_where_only_trusted_ones_are(members: dict[str, Any]) -> None:
    async with _served(documents=TrustedDocuments({"typed": _TYPED}, only=True)) as client:
        answer = await client.post(members)
        streamed = json.dumps(await client.streamed(members))
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "DOCUMENT_NOT_TRUSTED")
    assert "DOCUMENT_NOT_TRUSTED" in streamed
