import json
from collections.abc import AsyncIterator

import httpx
import pytest

GRAPHQL_JSON = "application/graphql-response+json"


async def post(client: httpx.AsyncClient, query: str, accept: str = "*/*", **members: object) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, **members}, headers={"accept": accept})


async def test_a_query_by_post_is_answered_in_application_json(client: httpx.AsyncClient) -> None:
    answer = await post(client, "query ($n: String!) { hello(name: $n) }", variables={"n": "there"})
    assert (answer.status_code, answer.json()) == (200, {"data": {"hello": "hello there"}})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "accept" in answer.headers["vary"].lower()
    assert answer.headers["cache-control"] == "public, no-cache"


async def test_a_query_by_get_is_answered(client: httpx.AsyncClient) -> None:
    parameters = {"query": "query A($n: String!) { hello(name: $n) }", "variables": '{"n": "x"}', "operationName": "A"}
    answer = await client.get("/graphql", params=parameters)
    assert answer.json() == {"data": {"hello": "hello x"}}


async def test_the_context_is_made_from_the_request(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ caller }"}, headers={"x-caller": "ann"})
    assert answer.json() == {"data": {"caller": "ann"}}


async def test_a_mutation_by_post_is_carried_out(client: httpx.AsyncClient) -> None:
    answer = await post(client, 'mutation { remember(word: "x") }')
    assert answer.json() == {"data": {"remember": "x"}}


async def test_a_mutation_by_get_is_refused_with_the_method_to_use(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", params={"query": 'mutation { remember(word: "x") }'})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "data" not in answer.json()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "TRACE"])
async def test_other_methods_are_refused_with_those_to_use(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/graphql")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, OPTIONS")


async def test_options_lists_the_methods(client: httpx.AsyncClient) -> None:
    answer = await client.options("/graphql")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST, OPTIONS")


BAD_BODIES = {
    "nothing": b"",
    "broken JSON": b'{"query": "{hello}"',
    "invalid UTF-8": b'{"query": "\xff"}',
    "null": b"null",
    "a string": b'"x"',
    "a number": b"1",
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "deep variables": b'{"query": "{hello}", "variables": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "a batch": b'[{"query": "{hello}"}]',
    "a batch of numbers": b"[1]",
    "no query": b"{}",
    "a query of null": b'{"query": null}',
    "a query that is a number": b'{"query": 1}',
    "an empty query": b'{"query": " "}',
    "variables that are a list": b'{"query": "{hello}", "variables": [1]}',
    "variables that are text": b'{"query": "{hello}", "variables": "{}"}',
    "an operation name that is a number": b'{"query": "{hello}", "operationName": 1}',
    "extensions that are text": b'{"query": "{hello}", "extensions": "x"}',
    "a lone surrogate": b'{"query": "{hello(name: \\"\\ud800\\")}", "variables": {"a": "\\ud800"}}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
@pytest.mark.parametrize("accept", ["application/json", GRAPHQL_JSON])
async def test_what_is_no_graphql_request_is_400_in_graphql_json(
    client: httpx.AsyncClient, body: bytes, accept: str
) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    answer = await client.post("/graphql", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith(accept)
    assert list(answer.json()) == ["errors"]
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "query_string",
    [
        "query=%FF",
        "query={hello}&query={hello}",
        "query={hello}&variables={",
        "query={hello}&variables=[1]",
        "query={hello}&variables=%22x%22",
        "query=",
        "variables={}",
        "",
        "&".join(f"a{n}=1" for n in range(30)),
    ],
)
async def test_a_get_that_is_no_graphql_request_is_400(client: httpx.AsyncClient, query_string: str) -> None:
    answer = await client.get(f"/graphql?{query_string}")
    assert (answer.status_code, list(answer.json())) == (400, ["errors"])


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
    ],
)
async def test_a_post_that_is_not_json_is_415(client: httpx.AsyncClient, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    answer = await client.post("/graphql", content=b'{"query": "{hello}"}', headers=headers)
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"


async def test_a_compressed_body_is_415(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert (await client.post("/graphql", content=b"x", headers=headers)).status_code == 415


async def test_json_with_a_utf8_charset_is_taken(client: httpx.AsyncClient) -> None:
    headers = {"content-type": 'application/json; charset="UTF-8"'}
    assert (await client.post("/graphql", content=b'{"query": "{hello}"}', headers=headers)).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_beyond_one_mebibyte_is_413(client: httpx.AsyncClient, chunked: bool) -> None:
    body = json.dumps({"query": "{hello}", "variables": {"a": "x" * 1024 * 1024}}).encode()

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    content = parts() if chunked else body
    answer = await client.post("/graphql", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, application/json;q=0.9", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, application/json", "application/json"),
        (f"{GRAPHQL_JSON}; charset=utf-8, application/json; charset=utf-8", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0, */*", "application/json"),
        (f"application/json;q=0, {GRAPHQL_JSON}", GRAPHQL_JSON),
        ("text/html;q=0.9, */*;q=0.1", "application/json"),
    ],
)
async def test_the_media_type_follows_accept(client: httpx.AsyncClient, accept: str | None, expected: str) -> None:
    request = client.build_request("POST", "/graphql", json={"query": "{hello}"})
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    answer = await client.send(request)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{expected}; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["image/png", "application/json;q=0", "text/html", "application/json;q=x", f"{GRAPHQL_JSON};q=0"]
)
async def test_an_accept_that_excludes_json_is_406(client: httpx.AsyncClient, accept: str) -> None:
    answer = await post(client, "{hello}", accept)
    assert answer.status_code == 406


REQUEST_ERRORS = {
    "GRAPHQL_PARSE_FAILED": ("{", None),
    "GRAPHQL_VALIDATION_FAILED": ("{ nothing }", None),
    "BAD_USER_INPUT": ("query ($n: Int!) { number(of: $n) }", {"n": "many"}),
}


@pytest.mark.parametrize("code", REQUEST_ERRORS)
async def test_a_document_that_fails_before_execution_has_no_data(client: httpx.AsyncClient, code: str) -> None:
    query, variables = REQUEST_ERRORS[code]
    for accept, status in (("application/json", 200), (GRAPHQL_JSON, 400)):
        answer = await post(client, query, accept, variables=variables)
        assert answer.status_code == status
        assert "data" not in answer.json()
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == [code]


async def test_a_document_nested_beyond_reason_is_refused(client: httpx.AsyncClient) -> None:
    answer = await post(client, "{hello" * 5_000, GRAPHQL_JSON)
    assert answer.status_code == 400
    extensions = answer.json()["errors"][0]["extensions"]
    assert (extensions["code"], extensions["limit"]) == ("LIMIT_EXCEEDED", "depth")


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL_JSON])
async def test_several_operations_need_a_name(client: httpx.AsyncClient, accept: str) -> None:
    document = "query A { hello } query B { caller }"
    refused = await post(client, document, accept)
    assert (refused.status_code, list(refused.json())) == (400, ["errors"])
    unknown = await post(client, document, accept, operationName="C")
    assert (unknown.status_code, list(unknown.json())) == (400, ["errors"])
    named = await post(client, document, accept, operationName="B")
    assert named.json() == {"data": {"caller": "nobody"}}


async def test_keywords_inside_one_operation_do_not_make_several(client: httpx.AsyncClient) -> None:
    answer = await post(client, '# mutation\nquery A { hello(name: "query") }')
    assert answer.json() == {"data": {"hello": "hello query"}}


async def test_a_document_of_fragments_alone_is_refused(client: httpx.AsyncClient) -> None:
    answer = await post(client, "fragment F on Query { hello }", GRAPHQL_JSON)
    assert (answer.status_code, list(answer.json())) == (400, ["errors"])


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_in_json_is_refused_with_the_three_ways_there_are(
    client: httpx.AsyncClient, method: str
) -> None:
    members = {"query": "subscription { count(to: 1) }"}
    sent = {"params": members} if method == "GET" else {"json": members}
    answer = await client.request(method, "/graphql", **sent)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")
    ways = ("text/event-stream", "multipart/mixed;subscriptionSpec=1.0", "graphql-transport-ws")
    assert all(way in error["message"] for way in ways)


async def test_other_paths_are_404_in_json(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")
