import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from gateway.settings import ServerSettings

BODY = {"query": "{hello}"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", ""]
)
async def test_a_foreign_host_name_is_misdirected(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.post("/graphql", json=BODY, headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "127.1.2.3:1", "[::1]:8000", "LOCALHOST"])
async def test_loopback_host_names_are_served(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.post("/graphql", json=BODY, headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost.evil.example", "http://localhost@evil.example", "file://", "x"],
)
async def test_a_foreign_page_may_not_call(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.post("/graphql", json=BODY, headers={"origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:3000"])
async def test_a_page_of_this_machine_may_call_and_read(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.post("/graphql", json=BODY, headers={"origin": origin})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "origin" in answer.headers["vary"].lower()


async def test_a_listed_origin_may_call_and_read(
    serve: Callable[[ServerSettings], AbstractAsyncContextManager[httpx.AsyncClient]],
) -> None:
    async with serve(ServerSettings(cors_origins=("https://fleet.example",))) as client:
        allowed = await client.post("/graphql", json=BODY, headers={"origin": "https://fleet.example"})
        refused = await client.post("/graphql", json=BODY, headers={"origin": "https://fleet.example.evil"})
    assert allowed.headers["access-control-allow-origin"] == "https://fleet.example"
    assert (allowed.status_code, refused.status_code) == (200, 403)


async def test_a_preflight_is_answered(client: httpx.AsyncClient) -> None:
    headers = {
        "origin": "http://localhost:5173",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    answer = await client.options("/graphql", headers=headers)
    assert answer.status_code == 200
    assert "POST" in answer.headers["access-control-allow-methods"]
    refused = await client.options("/graphql", headers={**headers, "origin": "https://evil.example"})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        "authorization, content-type, x-api-key",
        "cache-control, if-none-match",
        "apollographql-client-name, apollographql-client-version, apollo-require-preflight",
        "traceparent, tracestate, x-request-id",
    ],
)
async def test_a_page_may_send_what_clients_and_tracing_send(client: httpx.AsyncClient, sent: str) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": sent}
    answer = await client.options("/graphql", headers={"origin": "http://localhost:5173", **asked})
    assert answer.status_code == 200, answer.text


async def test_a_page_may_read_what_it_needs_to_ask_again(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json=BODY, headers={"origin": "http://localhost:5173"})
    assert set(answer.headers["access-control-expose-headers"].split(", ")) == {"etag", "retry-after", "x-request-id"}


async def test_a_browser_gets_the_explorer(client: httpx.AsyncClient) -> None:
    accept = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = await client.get("/graphql", headers=accept)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "The explorer" in page.text
    assert page.headers["vary"].startswith("Accept, Accept-Encoding")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    answer = await client.get("/graphql", params={"query": "{hello}"}, headers=accept)
    assert answer.json() == {"data": {"hello": "hello you"}}


async def test_health_is_told(client: httpx.AsyncClient) -> None:
    live, ready = await asyncio.gather(client.get("/healthz"), client.get("/readyz"))
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
