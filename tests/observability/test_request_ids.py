"""Every answer names its request, and so does every line that is written on the way to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.observability.conftest import AS_OPERATOR, AUTH, Log, more, samples
from tests.support.listening_gateway import listening_gateway
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

TASKS = "{ tasks { nodes { id } } }"
GRAPHQL = {"content-type": "application/json"}
REQUESTS: list[tuple[str, str, dict[str, str], bytes, int]] = [
    ("POST", "/graphql", GRAPHQL, b'{"query":"{ __typename }"}', 200),
    ("POST", "/graphql", {**GRAPHQL, "origin": "http://localhost"}, b'{"query":"{ __typename }"}', 200),
    ("POST", "/graphql", {**GRAPHQL, "accept": "text/event-stream"}, b'{"query":"{ __typename }"}', 200),
    ("POST", "/graphql", GRAPHQL, b"no JSON", 400),
    ("POST", "/graphql", {}, b"", 415),
    ("POST", "/graphql", {**GRAPHQL, "accept": "image/png"}, b"{}", 406),
    ("POST", "/graphql", {**GRAPHQL, "origin": "https://elsewhere.example"}, b"{}", 403),
    ("POST", "/graphql", {**GRAPHQL, "host": "elsewhere.example"}, b"{}", 421),
    ("DELETE", "/graphql", {}, b"", 405),
    ("GET", "/graphql?query={__typename}", {}, b"", 200),
    ("GET", "/graphql", {"accept": "text/html"}, b"", 200),
    ("GET", "/healthz", {}, b"", 200),
    ("GET", "/metrics", {}, b"", 200),
    ("GET", "/nothing", {}, b"", 404),
]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    async with simulated_gateway(tmp_path, only=["aws-iot"], pace={"retries": 0}) as gateway:
        yield gateway


async def test_every_answer_names_its_request(gateway: SimulatedGateway) -> None:
    seen = set()
    for method, path, headers, body, status in REQUESTS:
        for given in (None, None, "7f3:a/b+c=_@-.Z"):
            sent = headers if given is None else {**headers, "x-request-id": given}
            answer = await gateway.http.request(method, gateway.url + path, headers=sent, content=body)
            # An explorer that was not built is not there.
            not_built = headers.get("accept") == "text/html" and answer.status_code == 503
            assert answer.status_code == status or not_built, (method, path, headers)
            (told,) = answer.headers.get_list("x-request-id")
            assert given in (None, told)
            seen.add(told)
    assert len(seen) == 2 * len(REQUESTS) + 1


async def test_so_does_what_is_answered_on_the_shortest_way(gateway: SimulatedGateway) -> None:
    async with listening_gateway(gateway.settings) as served:
        url = f"http://127.0.0.1:{served.port}/graphql"
        before = await samples(gateway.http, gateway.url)
        # The second is answered from memory, while it is read.
        for number in ("first", "second"):
            asked = await gateway.http.post(url, json={"query": TASKS}, headers={"x-request-id": number})
            assert (asked.status_code, asked.headers.get_list("x-request-id")) == (200, [number])
        after = await samples(gateway.http, gateway.url)
    assert more(before, after, "ota_gateway_requests_total", transport="http", outcome="ok") == 2


async def test_an_id_that_is_not_fit_to_be_written_down_is_replaced(gateway: SimulatedGateway) -> None:
    for unfit in ("", "a" * 129, "two words", "<script>", 'quo"te', "a;b", "é"):
        answer = await gateway.http.get(f"{gateway.url}/healthz", headers={"x-request-id": unfit.encode()})
        (made,) = answer.headers.get_list("x-request-id")
        assert made != unfit
        assert len(made) == 16


async def test_a_page_may_read_it(gateway: SimulatedGateway) -> None:
    answer = await gateway.http.get(f"{gateway.url}/healthz", headers={"origin": "http://localhost"})
    assert "x-request-id" in answer.headers["access-control-expose-headers"].split(", ")


async def test_what_is_written_on_the_way_names_the_request(gateway: SimulatedGateway, log: Log) -> None:
    gateway.backends["aws-iot"].fail("error")
    await gateway.answer(TASKS, {"x-request-id": "from-afar"})
    (entry,) = log.entries("vendor_call_failed")
    assert entry["request_id"] == "from-afar"


async def test_each_operation_of_a_websocket_has_an_id_of_its_own(gateway: SimulatedGateway, log: Log) -> None:
    gateway.backends["aws-iot"].fail("error")
    address = gateway.url.replace("http", "ws") + "/graphql"
    async with connect(
        address, subprotocols=["graphql-transport-ws"], additional_headers={"x-request-id": "handshake"}
    ) as socket:
        assert socket.response is not None
        assert socket.response.headers["x-request-id"] == "handshake"
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
        for number in "12":
            await socket.send('{"id":"%s","type":"subscribe","payload":{"query":"%s"}}' % (number, TASKS))  # noqa: UP031
            while '"complete"' not in str(await socket.recv()):
                pass
    written = [entry["request_id"] for entry in log.entries("vendor_call_failed")]
    assert len(set(written)) == len(written) == 2
    assert "handshake" not in written


async def test_a_refusal_of_credentials_is_written_with_its_request(tmp_path: Path, log: Log) -> None:
    async with simulated_gateway(tmp_path, only=["aws-iot"], sections={"auth": AUTH}) as gateway:
        await gateway.ask(TASKS, AS_OPERATOR)
        headers = {"authorization": "Bearer otag_wrong", "x-request-id": "who-was-it"}
        answer = await gateway.http.post(f"{gateway.url}/graphql", json={"query": TASKS}, headers=headers)
    assert (answer.status_code, answer.headers["x-request-id"]) == (401, "who-was-it")
    (entry,) = (one for one in log.entries("caller_refused") if one.get("request_id") == "who-was-it")
    assert entry["level"] == "warning"
