"""@defer and @stream: in parts where parts are asked for, in one form at a time, and whole for everybody else."""

import json
import time
from typing import Any

import pytest
from websockets.asyncio.client import connect

from gateway.plans import PlannedSchema
from tests.support.parts import errors_in, merged, parts
from tests.web.streams.conftest import Serve, Served, schema

PRESENT = "multipart/mixed;incrementalSpec=v0.2,application/json"
OF_2022 = "multipart/mixed;deferSpec=20220824,application/json"
PLAIN = "multipart/mixed"
EVENTS = "text/event-stream"
JSON = "application/json"
HELD = '{ hello ... @defer(label: "slow") { late } }'
NESTED = "{ rows { n ... @defer { soon inner { ... @defer { n } } } } }"


async def asked(served: Served, accept: str, query: str, **members: Any) -> list[Any]:
    """All parts, or the one JSON, of an answer for whom nothing is held."""
    served.held.gate.set()
    async with served.asked(accept, query, **members) as answer:
        assert answer.status == 200
        if answer.headers["content-type"].startswith(JSON):
            return [await answer.json()]
        return parts(await answer.rest())


async def test_the_first_part_comes_before_what_is_deferred(served: Served) -> None:
    async with served.asked(PRESENT, HELD) as answer:
        assert answer.headers["content-type"] == 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'
        assert await answer.chunk() == b"---"
        first = await answer.chunk()
        assert b'{"data":{"hello":"hello"},"pending":[{"id":"0","path":[],"label":"slow"}],"hasNext":true}' in first
        served.held.gate.set()
        last = await answer.rest()
    assert parts(b"---" + first + last)[1] == {
        "hasNext": False,
        "incremental": [{"data": {"late": "late"}, "id": "0"}],
        "completed": [{"id": "0"}],
    }


async def test_a_form_is_never_mixed_with_the_other(served: Served) -> None:
    for accept in (PRESENT, PLAIN, OF_2022):
        results = await asked(served, accept, NESTED)
        text = json.dumps(results)
        of_2022 = accept == OF_2022
        assert ('"id"' in text, '"pending"' in text, '"completed"' in text) == (not of_2022,) * 3
        assert [set(one) <= {"data", "items", "path", "label", "errors"} for result in results[1:]
                for one in result.get("incremental", ())].count(of_2022) == 4  # fmt: skip
        assert [result["hasNext"] for result in results] == [True] * (len(results) - 1) + [False]


@pytest.mark.parametrize("planning", [True, False])
async def test_what_comes_in_parts_is_what_comes_whole(serve: Serve, planning: bool) -> None:
    documents = (
        HELD,
        NESTED,
        "{ rows(first: 5) @stream(initialCount: 2) { n soon } }",
        "{ hello ... @defer { rows(first: 3) @stream { soon inner { n } } } }",
        '{ ...A @defer(label: "a") ...A @defer(label: "b") hello } fragment A on Query { late rows { n soon } }',
        "query ($yes: Boolean! = true) { hello ... @defer(if: $yes) { late } }",
        'mutation { remember(word: "four") { n ... @defer { soon } } }',
    )
    async with serve(plans=schema(planning=planning)) as served:
        for document in documents:
            (whole,) = await asked(served, JSON, document)
            assert set(whole) == {"data"}, document
            results = await asked(served, OF_2022, document)
            assert len(results) > 1, document
            assert merged(results) == whole["data"], document


async def test_streamed_items_say_where_they_belong(served: Served) -> None:
    query = '{ rows(first: 4) @stream(initialCount: 1, label: "rest") { n } }'
    first, *others = await asked(served, PRESENT, query)
    assert first["data"] == {"rows": [{"n": 0}]}
    assert first["pending"] == [{"id": "0", "path": ["rows"], "label": "rest"}]
    assert [item for one in others for part in one.get("incremental", ()) for item in part["items"]] == [
        {"n": 1}, {"n": 2}, {"n": 3},
    ]  # fmt: skip
    _, *others = await asked(served, OF_2022, query)
    found = [(part["path"], part["label"]) for one in others for part in one.get("incremental", ())]
    assert found[0] == (["rows", 1], "rest")


async def test_what_fails_in_a_part_is_told_there_and_masked_as_everywhere(served: Served) -> None:
    query = "{ hello maybe { n ... @defer { unusable } ... @defer { broken } } }"
    for accept in (PRESENT, OF_2022):
        results = await asked(served, accept, query)
        text = json.dumps(results)
        assert "hunter2" not in text
        assert results[0]["data"] == {"hello": "hello", "maybe": {"n": 7}}
        found = errors_in(results)
        assert sorted(error["extensions"]["code"] for error in found) == ["BAD_USER_INPUT", "INTERNAL"]
    assert [part["data"] for result in results for part in result.get("incremental", ())].count(None) == 1


async def test_a_part_that_cannot_be_null_takes_only_itself_away_but_whole_its_object(served: Served) -> None:
    query = "{ maybe { n ... @defer { broken } } }"
    (whole,) = await asked(served, JSON, query)
    assert (whole["data"], whole["errors"][0]["path"]) == ({"maybe": None}, ["maybe", "broken"])
    results = await asked(served, PRESENT, query)
    assert results[0]["data"] == {"maybe": {"n": 7}}


async def test_a_condition_that_is_false_makes_it_one_answer_in_json(served: Served) -> None:
    query = "query ($later: Boolean!) { hello ... @defer(if: $later) { late } }"
    (whole,) = await asked(served, PRESENT, query, variables={"later": False})
    assert whole == {"data": {"hello": "hello", "late": "late"}}
    assert len(await asked(served, PRESENT, query, variables={"later": True})) == 2


async def test_who_takes_parts_alone_gets_one_of_a_plain_query(served: Served) -> None:
    assert await asked(served, PLAIN, "{ hello }") == [{"data": {"hello": "hello"}}]
    assert await asked(served, "multipart/mixed;deferSpec=20220824", "{ hello }") == [
        {"data": {"hello": "hello"}, "hasNext": False}
    ]


async def test_events_carry_parts_in_the_form_that_is_named(served: Served) -> None:
    served.held.gate.set()
    for accept, has_ids in ((EVENTS, True), ("text/event-stream;deferSpec=20220824", False)):
        async with served.asked(accept, HELD) as answer:
            body = (await answer.rest()).decode()
        assert body.count("event: next\n") == 2
        assert ('"id"' in body) is has_ids


async def test_websockets_carry_parts_in_next_messages(served: Served) -> None:
    address = f"ws://127.0.0.1:{served.port}/graphql"
    async with connect(address, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "connection_init"}))
        await socket.recv()
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": HELD}}))
        first = json.loads(await socket.recv())
        served.held.gate.set()
        others = [json.loads(await socket.recv()) for _ in range(2)]
    assert [one["type"] for one in (first, *others)] == ["next", "next", "complete"]
    assert first["payload"]["data"] == {"hello": "hello"}
    assert others[0]["payload"]["incremental"] == [{"data": {"late": "late"}, "id": "0"}]


async def test_what_the_directives_do_not_allow_is_refused_in_words(served: Served) -> None:
    refused = {
        '{ a: hello ... @defer(label: "x") { b: hello } ... @defer(label: "x") { c: hello } }': "unique",
        'mutation { ... @defer { remember(word: "x") { n } } }': "root mutation",
        "{ hello @stream }": "list",
        "{ ... @defer(label: 1) { hello } }": "",
    }
    for query, word in refused.items():
        for accept in (PRESENT, JSON):
            async with served.asked(accept, query) as answer:
                (error,) = (await answer.json())["errors"][:1]
            assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED", query
            assert word in error["message"]
    (result,) = await asked(served, PRESENT, "{ rows @stream(initialCount: -1) { n } }")
    assert result["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_too_much_of_it_is_refused_at_once(served: Served) -> None:
    many = " ".join(f'... @defer(label: "{number}") {{ a{number}: n }}' for number in range(90))
    bombs = {
        "{ " + "... @defer { hello } " * 2000 + "}": ("directives", "tokens"),
        "{ rows(first: 1000) { " + many + " } }": ("objects",),
        "{ maybe { " + "inner { ... @defer { n } " * 38 + "}" * 40: ("depth",),
        "{ rows(first: 5000) { ... @defer { n } } }": ("objects",),
    }
    for query, limits in bombs.items():
        for accept in (PRESENT, EVENTS):
            begun = time.perf_counter()
            async with served.asked(accept, query) as answer:
                body = (await answer.rest()).decode()
            assert time.perf_counter() - begun < 2
            assert '"LIMIT_EXCEEDED"' in body
            assert any(f'"limit":"{limit}"' in body for limit in limits), body


def test_plans_answer_such_documents_whole_by_themselves() -> None:
    planned: PlannedSchema = schema()
    assert planned.stepped_aside(HELD) == []
    assert planned.stepped_aside("query ($x: Boolean!) { hello ... @defer(if: $x) { late } }", None, {"x": False}) == []
    assert (planned.delays(HELD), planned.delays("{ hello @include(if: true) }"), planned.delays("{")) == (
        True, False, False,
    )  # fmt: skip
