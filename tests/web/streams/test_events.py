"""Server-sent events: distinct connections of graphql-sse, read as bytes."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import httpx

from gateway.plans import RequestRates
from tests.web.streams.conftest import Serve, Served, schema

EVENTS = "text/event-stream"
COUNT = "subscription ($n: Int!) { count(to: $n) }"
ONE = "subscription { count(to: 1) }"
HELD = "subscription { count(to: 2, after: 1) }"
REFUSED = (
    ("{", "GRAPHQL_PARSE_FAILED"),
    ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
    (COUNT, "BAD_USER_INPUT"),
    ("{ hello " + "@include(if: true) " * 101 + "}", "LIMIT_EXCEEDED"),
)
CHOSEN = (
    ("application/json, text/event-stream", "{ hello }", "application/json"),
    ("application/graphql-response+json, text/event-stream, multipart/mixed", "{ hello }", "application/graphql"),
    ("application/json, text/event-stream", ONE, "text/event-stream"),
    ("multipart/mixed;subscriptionSpec=1.0, text/event-stream;q=0.5", ONE, "multipart/mixed"),
    ("multipart/mixed;subscriptionSpec=1.0;q=0.1, text/event-stream", ONE, "text/event-stream"),
    ("text/event-stream;q=0, application/json", "{ hello }", "application/json"),
)
UNFITTING = (
    ("text/event-stream;q=0", ONE),
    ("text/*", ONE),
    ("*/*", ONE),
    ("multipart/mixed", ONE),
    ("multipart/mixed;subscriptionSpec=2.0", ONE),
    ("multipart/mixed;subscriptionSpec=1.0", "{ hello }"),
    ("image/png", "{ hello }"),
)


def results(body: bytes) -> list[Any]:
    """The data of the `next` events of a whole body, which ends with `complete`."""
    *events, complete, nothing = body.decode().split("\n\n")
    assert (complete, nothing) == ("event: complete\ndata:", "")
    assert all(one == ":" or one.startswith("event: next\ndata: ") for one in events)
    return [json.loads(one.removeprefix("event: next\ndata: ")) for one in events if one != ":"]


async def test_a_subscription_is_framed_by_line_feeds_alone(served: Served) -> None:
    async with served.asked(EVENTS, COUNT, variables={"n": 2}) as answer:
        body = await answer.rest()
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.headers["cache-control"].startswith("no-cache")
    assert answer.headers["x-accel-buffering"] == "no"
    assert "accept" in answer.headers["vary"].lower()
    assert "content-encoding" not in answer.headers
    assert body == (
        b":\n\n"
        b'event: next\ndata: {"data":{"count":0}}\n\n'
        b'event: next\ndata: {"data":{"count":1}}\n\n'
        b"event: complete\ndata:\n\n"
    )


async def test_each_result_is_sent_as_soon_as_it_is_there(served: Served) -> None:
    async with served.asked(EVENTS, "subscription { count(to: 3, after: 2) }") as answer:
        pieces = [await answer.chunk() for _ in range(3)]
        assert pieces[0] == b":\n\n"
        assert b'"count":1' in pieces[2]
        assert served.held.given == 2
        served.held.gate.set()
        assert b'"count":2' in await answer.chunk()


async def test_a_query_or_a_change_is_one_event(served: Served) -> None:
    found = []
    for query in ("{ hello }", 'mutation { remember(word: "four") { n } }', "{ maybe { n broken } }"):
        async with served.asked(EVENTS, query) as answer:
            found += results(await answer.rest())
    assert found[:2] == [{"data": {"hello": "hello"}}, {"data": {"remember": {"n": 4}}}]
    assert found[2]["data"] == {"maybe": None}
    assert [error["extensions"]["code"] for error in found[2]["errors"]] == ["INTERNAL"]


async def test_what_is_never_executed_is_an_event_without_data(served: Served) -> None:
    for query, code in REFUSED:
        async with served.asked(EVENTS, query) as answer:
            (result,) = results(await answer.rest())
        assert answer.status == 200
        assert set(result) == {"errors"}, query
        assert result["errors"][0]["extensions"]["code"] == code, query


async def test_what_breaks_in_the_middle_is_masked_and_completed(served: Served) -> None:
    async with served.asked(EVENTS, "subscription { breaking }") as answer:
        body = await answer.rest()
    assert b"hunter2" not in body
    first, second = results(body)
    assert first == {"data": {"breaking": 1}}
    assert second["errors"][0]["extensions"]["code"] == "INTERNAL"


async def test_what_is_no_request_is_refused_as_any_other(served: Served) -> None:
    several = "query A { hello } query B { hello }"
    bodies: list[Any] = [{"query": several}, {"query": 1}, {"query": "{ hello }", "variables": []}, {}, []]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", trust_env=False) as client:
        for body in bodies:
            answer = await client.post("/graphql", json=body, headers={"accept": EVENTS})
            assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json; charset=utf-8")
            assert answer.json()["errors"], body


async def test_who_asks_too_often_is_refused_before_the_stream_begins(serve: Serve) -> None:
    async with serve(plans=schema(rates=RequestRates(0.001, 1))) as served:
        async with served.asked(EVENTS, COUNT, variables={"n": 1}) as answer:
            assert answer.status == 200
            await answer.rest()
        # Nothing is parsed any more.
        for query in (COUNT, "{"):
            async with served.asked(EVENTS, query, variables={"n": 1}) as answer:
                (error,) = (await answer.json())["errors"]
                assert (answer.status, error["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert int(answer.headers["retry-after"]) > 0


async def test_an_event_source_subscribes_by_get(served: Served) -> None:
    asked = "query=" + quote(COUNT) + "&variables=" + quote('{"n": 1}')
    async with served.asked(f"{EVENTS}\r\norigin: http://localhost:5173", "", by_get=asked) as answer:
        assert results(await answer.rest()) == [{"data": {"count": 0}}]
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"


async def test_that_an_event_source_wants_no_cache_between_does_not_read_past_the_gateways(served: Served) -> None:
    said = f"{EVENTS}\r\ncache-control: no-cache"
    async with served.asked(said, "", by_get="query={cacheControl}") as answer:
        assert results(await answer.rest()) == [{"data": {"cacheControl": None}}]
    async with served.asked(said, "{ cacheControl }") as answer:
        assert results(await answer.rest()) == [{"data": {"cacheControl": "no-cache"}}]


async def test_a_change_is_not_made_by_get(served: Served) -> None:
    asked = "query=" + quote('mutation { remember(word: "x") { n } }')
    async with served.asked(EVENTS, "", by_get=asked) as answer:
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert served.held.given == 0


async def test_a_silent_stream_shows_that_it_stands(serve: Serve) -> None:
    async with serve(heartbeat=0.02) as served, served.asked(EVENTS, HELD) as answer:
        pieces = [await answer.chunk() for _ in range(4)]
        assert pieces[2:] == [b":\n\n", b":\n\n"]
        served.held.gate.set()
        assert results(await answer.rest())[-1] == {"data": {"count": 1}}


async def test_a_stream_whose_client_leaves_is_closed_at_once(served: Served) -> None:
    async with served.asked(EVENTS, HELD) as answer:
        await answer.chunk()
        assert not served.held.closed.is_set()
    async with asyncio.timeout(5):
        await served.held.closed.wait()


async def test_a_change_goes_on_when_its_client_has_left(served: Served) -> None:
    async with served.asked(EVENTS, 'mutation { a: remember(word: "x") { late } b: remember(word: "y") { n } }'):
        pass
    assert served.held.given == 1
    served.held.gate.set()
    async with asyncio.timeout(5):
        while served.held.given < 2:  # noqa: ASYNC110 - nobody else is told
            await asyncio.sleep(0.01)


async def test_one_result_goes_as_json_and_many_as_the_stream_liked_best(served: Served) -> None:
    for accept, query, answered in CHOSEN:
        async with served.asked(accept, query) as answer:
            assert answer.status == 200
            assert answer.headers["content-type"].startswith(answered), accept


async def test_a_client_that_takes_no_fitting_form_is_told_so(served: Served) -> None:
    for accept, query in UNFITTING:
        async with served.asked(accept, query) as answer:
            (error,) = (await answer.json())["errors"]
            assert (answer.status, error["extensions"]["code"]) == (406, "NOT_ACCEPTABLE"), accept
