"""Documents by their hashes, as Apollo's clients send them."""

import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from gateway.web.persisted_queries import NOT_FOUND, PersistedQueries
from gateway.web.refusals import RequestRefused

QUERY = "{ hello }"
JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


def persisted(query: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(query.encode()).hexdigest()}}


def code_of(answer: httpx.Response) -> str:
    code: str = answer.json()["errors"][0]["extensions"]["code"]
    return code


async def test_a_hash_is_executed_once_its_text_has_been_sent(client: httpx.AsyncClient) -> None:
    by_hash = {"extensions": persisted(QUERY)}
    unknown = await client.post("/graphql", json=by_hash, headers={"accept": JSON})
    registered = await client.post("/graphql", json={"query": QUERY, **by_hash})
    known = await client.post("/graphql", json=by_hash)
    got = await client.get("/graphql", params={"extensions": json.dumps(by_hash["extensions"])})
    assert (unknown.status_code, unknown.json()["errors"][0]["message"]) == (200, "PersistedQueryNotFound")
    assert (code_of(unknown), unknown.headers["cache-control"]) == (NOT_FOUND, "no-store")
    assert registered.json() == known.json() == got.json() == {"data": {"hello": "hello you"}}


async def test_a_hash_that_is_not_known_is_400_in_graphqls_own_media_type(client: httpx.AsyncClient) -> None:
    asked = {"extensions": persisted("{ never: hello }")}
    answer = await client.post("/graphql", json=asked, headers={"accept": GRAPHQL_JSON})
    assert (answer.status_code, code_of(answer)) == (400, NOT_FOUND)


async def test_a_mutation_by_its_hash_still_needs_post(client: httpx.AsyncClient) -> None:
    change = 'mutation { remember(word: "x") }'
    sent = {"query": change, "extensions": persisted(change)}
    assert (await client.post("/graphql", json=sent)).status_code == 200
    got = await client.get("/graphql", params={"extensions": json.dumps(sent["extensions"])})
    assert (got.status_code, got.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "extensions",
    [{"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}, {"persistedQuery": {}}, {"persistedQuery": "x"}],
)
async def test_a_hash_that_is_not_that_of_the_text_is_refused(
    client: httpx.AsyncClient, extensions: dict[str, Any]
) -> None:
    answer = await client.post("/graphql", json={"query": QUERY, "extensions": extensions})
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert "sha256Hash" in answer.json()["errors"][0]["message"]


def test_only_so_many_characters_are_kept_and_those_asked_for_last() -> None:
    documents = PersistedQueries(most_characters=25)
    queries = [f"{{ query{number} }}" for number in range(3)]
    for query in queries[:2]:
        documents.text({"query": query, "extensions": persisted(query)})
    assert documents.text({"extensions": persisted(queries[0])}) == queries[0]
    documents.text({"query": queries[2], "extensions": persisted(queries[2])})
    assert documents.text({"extensions": persisted(queries[0])}) == queries[0]
    with pytest.raises(RequestRefused, match="PersistedQueryNotFound"):
        documents.text({"extensions": persisted(queries[1])})
    assert documents.text({"extensions": persisted(queries[2])}) == queries[2]
