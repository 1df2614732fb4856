"""Load: everything that clients do, at once, and what was answered."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.prove.soak.changes import Changes

_SAID = "backends { name status error { code message } }"
_READS = tuple(
    query.replace("SAID", _SAID)
    for query in (
        "{ tasks(first: 50) { nodes { id name status backend { name } } SAID } }",
        "{ tasks(first: 10, orderBy: {field: CREATED_AT, direction: ASC}) { nodes { id } SAID } }",
        "{ tasks(first: 5) { nodes { id executions(first: 5) { nodes { id status } } package { id } } SAID } }",
        "{ tasks(filter: {status: [IN_PROGRESS]}) { nodes { id allowedOperations { operation allowed } } SAID } }",
        "{ packages(first: 30) { nodes { id name version } SAID } }",
        "{ backends { name health { state callsLastMinute } capabilities { operation } } }",
        "{ auditEntries(first: 20) { nodes { id state outcome } } }",
        "{ __typename }",
    )
)
_ONE = "query($id: ID!) { node(id: $id) { id } }"
# What a healthy backend must never be said to be.
_FAILURES = {"BACKEND_UNAVAILABLE", "THROTTLED", "OUTCOME_UNKNOWN", "INTERNAL", "LEDGER_UNAVAILABLE"}


class Load:
    """`backends` are vendors by name; `faulty` those of which anything may be said."""

    def __init__(self, url: str, backends: Mapping[str, str], faulty: set[str]) -> None:
        self._url = url
        self._backends = backends
        self._faulty = faulty
        self._random = random.Random(4)
        self._counts: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._wrong: list[str] = []
        self._ids: list[str] = []
        self._until = 0.0

    async def begin(self) -> None:
        """Wait until every backend has been read once."""
        async with self._client() as client:
            for _ in range(60):
                answer = await self._ask(client, _READS[0], quietly=True)
                if answer and {one["name"] for one in answer["tasks"]["backends"] if one["status"] == "OK"} >= (
                    set(self._backends) - self._faulty
                ):
                    return
                await asyncio.sleep(0.5)
        raise AssertionError("the healthy backends never answered")

    async def run(self, seconds: float) -> None:
        """Do everything for so long."""
        self._until = monotonic() + seconds
        clients = [self._reading() for _ in range(5)]
        clients += [self._changing(name, vendor) for name, vendor in self._backends.items()]
        clients += [self._watching(leaves=leaves) for leaves in (True, False, False)]
        clients += [self._leaving() for _ in range(2)] + [self._dripping() for _ in range(2)] + [self._hoarding()]
        await asyncio.gather(*clients)

    def problems(self) -> list[str]:
        """What must not have happened."""
        found = [f"HTTP {status}, {number} times" for status, number in self._statuses.items() if status >= 500]
        missing = [name for name in _DONE if not self._counts[name]]
        return found + [f"never done: {name}" for name in missing] + self._wrong[:10]

    def table(self) -> str:
        """What was done, and how it was answered."""
        lines = [f"{name:34}{number:9}" for name, number in sorted(self._counts.items())]
        return "\n".join([*lines, f"answers by status: {dict(sorted(self._statuses.items()))}"])

    # ------------------------------------------------------------------ what clients do

    async def _reading(self) -> None:
        async with self._client() as client:
            while self._goes_on():
                query = self._random.choice(_READS)
                answer = await self._ask(client, query, fresh=self._random.random() < 0.1)
                self._counts["reads"] += 1
                tasks = (answer or {}).get("tasks")
                if tasks:
                    self._ids = [task["id"] for task in tasks["nodes"]] or self._ids
                if self._ids and self._random.random() < 0.3:
                    await self._ask(
                        client, "query($id: ID!) { node(id: $id) { id } }", id=self._random.choice(self._ids)
                    )
                    self._counts["reads of one"] += 1
                await asyncio.sleep(self._random.uniform(0.02, 0.2))

    async def _changing(self, name: str, vendor: str) -> None:
        async with self._client() as client:
            changes = Changes(name, vendor, self._random, lambda query, **given: self._ask(client, query, **given))
            while self._goes_on():
                done, payload = await changes.one()
                self._counts[done] += 1
                for error in (payload or {}).get("errors", ()):
                    self._judge(name, error, done)
                await asyncio.sleep(self._random.uniform(0.05, 0.3))

    async def _watching(self, *, leaves: bool) -> None:
        while self._goes_on():
            if not self._ids:
                await asyncio.sleep(0.2)
                continue
            ids = self._random.sample(self._ids, min(3, len(self._ids)))
            with suppress(WebSocketException, OSError, TimeoutError):
                async with connect(
                    self._url.replace("http", "ws") + "/graphql", subprotocols=["graphql-transport-ws"], proxy=None
                ) as socket:
                    await socket.send('{"type": "connection_init"}')
                    await socket.recv()
                    query = "subscription($ids: [ID!]!) { taskUpdated(ids: $ids) { id status } }"
                    payload = {"query": query, "variables": {"ids": ids}}
                    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._random.uniform(0.5, 6)):
                            async for _ in socket:
                                self._counts["events"] += 1
                    if leaves:
                        socket.transport.abort()
                    else:
                        await socket.send('{"id": "1", "type": "complete"}')
                self._counts["subscriptions"] += 1

    async def _leaving(self) -> None:
        while self._goes_on():
            await self._raw(
                _request(self._random.choice(_READS)), pause=self._random.uniform(0, 0.05), what="disconnects"
            )
            await asyncio.sleep(self._random.uniform(0.05, 0.3))

    async def _dripping(self) -> None:
        while self._goes_on():
            await self._raw(_request("{ __typename }")[:-5], pause=4, what="clients that never end")

    async def _hoarding(self) -> None:
        while self._goes_on():
            asked = _request("{ __schema { types { name fields { name description } } } }") * 20
            await self._raw(asked, pause=6, what="clients that do not read")

    async def _raw(self, sent: bytes, *, pause: float, what: str) -> None:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(*self._url.removeprefix("http://").split(":"), limit=1)
            writer.write(sent)
            await asyncio.sleep(pause)
            writer.transport.abort()
            del reader
        self._counts[what] += 1

    # ------------------------------------------------------------------ asking, and judging

    def _goes_on(self) -> bool:
        return monotonic() < self._until

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._url, timeout=120, trust_env=False)

    async def _ask(
        self, client: httpx.AsyncClient, query: str, *, fresh: bool = False, quietly: bool = False, **variables: object
    ) -> dict[str, Any] | None:
        headers = {"cache-control": "no-cache"} if fresh else {}
        try:
            response = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        except httpx.TransportError as problem:
            if isinstance(problem, httpx.RemoteProtocolError | httpx.ReadError):
                # A kept connection that was let go just then; a change would have to look before it asks again.
                self._counts["connections let go"] += 1
            else:
                self._wrong.append(f"no answer: {problem!r}")
            return None
        if quietly:
            return response.json().get("data") if response.status_code == 200 else None
        self._statuses[response.status_code] += 1
        answer: dict[str, Any] = response.json()
        for error in answer.get("errors", ()):
            given = error.get("extensions", {})
            self._judge(given.get("backend"), {"code": given.get("reason", given.get("code")), **error}, query[:60])
        data: dict[str, Any] = answer.get("data") or {}
        for listed in data.values():
            for one in listed.get("backends", ()) if isinstance(listed, dict) else ():
                if one["status"] not in ("OK", "SKIPPED") and one["name"] not in self._faulty:
                    self._wrong.append(f"{one['name']} is {one['status']} in {query[:60]}: {one['error']}")
        return data

    def _judge(self, backend: str | None, error: dict[str, Any], where: str) -> None:
        self._counts[f"error {error['code']}"] += 1
        asked_wrongly = str(error["code"]).startswith("GRAPHQL_")
        if error["code"] == "INTERNAL" or asked_wrongly or (error["code"] in _FAILURES and backend not in self._faulty):
            self._wrong.append(f"{backend}: {error['code']} in {where}: {error.get('message')}")


_DONE = ("reads", "reads of one", "events", "subscriptions", "disconnects", *Changes.NAMES)


def _request(query: str) -> bytes:
    body = json.dumps({"query": query}).encode()
    return (
        b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
        % (len(body), body)
    )
