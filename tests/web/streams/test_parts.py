"""Subscriptions in parts, as Apollo's clients and routers read them."""

from tests.web.streams.conftest import Serve, Served

APOLLO = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"
HELD = "subscription { count(to: 2, after: 1) }"
HEAD = b"\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: "


def part(text: bytes) -> bytes:
    return HEAD + b"%d\r\n\r\n%b\r\n--graphql" % (len(text), text)


async def test_each_result_is_a_part_with_a_payload_between_boundaries(served: Served) -> None:
    async with served.asked(APOLLO, "subscription { count(to: 2) }") as answer:
        body = await answer.rest()
    assert answer.headers["content-type"] == 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
    assert body == (
        b"--graphql" + part(b'{"payload":{"data":{"count":0}}}') + part(b'{"payload":{"data":{"count":1}}}') + b"--\r\n"
    )


async def test_the_boundary_after_a_part_comes_with_the_part(served: Served) -> None:
    async with served.asked(APOLLO, HELD) as answer:
        assert await answer.chunk() == b"--graphql"
        assert await answer.chunk() == part(b'{"payload":{"data":{"count":0}}}')


async def test_a_silent_stream_sends_empty_objects(serve: Serve) -> None:
    async with serve(heartbeat=0.02) as served, served.asked(APOLLO, HELD) as answer:
        pieces = [await answer.chunk() for _ in range(4)]
    assert pieces[2:] == [part(b"{}"), part(b"{}")]


async def test_what_is_refused_is_told_inside_a_payload(served: Served) -> None:
    async with served.asked(APOLLO, "subscription { nothing }") as answer:
        body = await answer.rest()
    assert b'{"payload":{"errors":[{"message":"Cannot query field' in body
    assert b'"data"' not in body
    assert body.endswith(b"\r\n--graphql--\r\n")
