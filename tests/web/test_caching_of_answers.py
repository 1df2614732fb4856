"""What other caches are told: how long an answer is good, whether it has changed, and what is not theirs to keep."""

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.auth.api_keys import digest_of, new_key
from gateway.vendorkit.discovery import installed_vendors
from tests.support.simulated_gateway import SimulatedGateway, simulated_gateway

SLUG = next(iter(installed_vendors()))
TASKS = "{ tasks(first: 50) { nodes { id name createdAt } backends { status } } }"
TTL = 20


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[SimulatedGateway]:
    pace = {"cache_ttl": f"{TTL}s", "timeout": "1s", "retries": 0}
    async with simulated_gateway(tmp_path, only=[SLUG], pace=pace) as running:
        yield running


async def get(gateway: SimulatedGateway, query: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gateway.http.get(f"{gateway.url}/graphql", params={"query": query}, headers=named)


async def post(gateway: SimulatedGateway, query: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gateway.http.post(f"{gateway.url}/graphql", json={"query": query}, headers=named)


def seconds(answer: httpx.Response) -> int:
    found = re.fullmatch(r"public, max-age=(\d+)", answer.headers["cache-control"])
    assert found is not None, answer.headers["cache-control"]
    return int(found[1])


async def test_a_read_is_good_for_what_is_left_of_its_oldest_part(gateway: SimulatedGateway) -> None:
    first = await post(gateway, TASKS)
    again = await post(gateway, TASKS)
    task = first.json()["data"]["tasks"]["nodes"][0]["id"]
    both = await post(gateway, f'{{ task(id: "{task}") {{ description }} {TASKS.strip("{}")} }}')
    assert TTL - 3 <= seconds(both) <= seconds(again) <= seconds(first) <= TTL


@pytest.mark.parametrize("field", ["backends { health { state } }", "auditEntries { nodes { id } }"])
async def test_what_is_of_this_very_moment_has_to_be_asked_for_again(gateway: SimulatedGateway, field: str) -> None:
    for query in (f"{{ {field} }}", f"{TASKS[:-1]} {field} }}"):
        answer = await post(gateway, query)
        assert "errors" not in answer.json()
        assert answer.headers["cache-control"] == "public, no-cache"


async def test_a_list_of_which_a_backend_is_missing_is_not_kept(gateway: SimulatedGateway) -> None:
    gateway.backends[SLUG].fail("error")
    answer = await post(gateway, TASKS)
    assert answer.json()["data"]["tasks"]["backends"] == [{"status": "FAILED"}]
    assert answer.headers["cache-control"] == "public, no-cache"


@pytest.mark.parametrize(
    "query",
    [
        "{ tasks(first: 0) { nodes { id } } }",
        "{ nonsense }",
        'mutation { deleteOtaTask(input: {id: "x"}) { outcome } }',
    ],
)
async def test_errors_and_changes_are_kept_by_nobody(gateway: SimulatedGateway, query: str) -> None:
    answer = await post(gateway, query)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


async def test_an_answer_that_the_client_holds_is_not_sent_again(gateway: SimulatedGateway) -> None:
    first = await get(gateway, TASKS)
    tag = first.headers["etag"]
    held = await get(gateway, TASKS, if_none_match=f'"other", {tag}')
    other = await get(gateway, TASKS, if_none_match='W/"other"')
    assert tag.startswith('W/"')
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", tag)
    assert "max-age" in held.headers["cache-control"]
    assert (other.status_code, other.json()) == (200, first.json())


async def test_long_answers_are_compressed_where_the_client_takes_it(gateway: SimulatedGateway) -> None:
    answers: dict[str, Any] = {}
    for accepted in ("gzip", "br, gzip;q=0.5", "identity", "gzip;q=0", "*"):
        request = gateway.http.build_request("POST", f"{gateway.url}/graphql", json={"query": TASKS})
        request.headers["accept-encoding"] = accepted
        answer = await gateway.http.send(request, stream=True)
        raw = b"".join([part async for part in answer.aiter_raw()])
        packed = answer.headers.get("content-encoding") == "gzip"
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert int(answer.headers["content-length"]) == len(raw)
        answers[accepted] = (packed, json.loads(gzip.decompress(raw) if packed else raw))
    assert {accepted: packed for accepted, (packed, _) in answers.items()} == {
        "gzip": True, "br, gzip;q=0.5": True, "identity": False, "gzip;q=0": False, "*": True,
    }  # fmt: skip
    assert len({json.dumps(content) for _, content in answers.values()}) == 1
    assert "content-encoding" not in (await post(gateway, "{ __typename }", accept_encoding="gzip")).headers


async def test_where_callers_are_known_an_answer_is_theirs_alone(tmp_path: Path) -> None:
    key = new_key()
    entry = {"name": "ops", "sha256": digest_of(key), "roles": ["viewer"]}
    policies = {"viewer": {"operations": "READ", "backends": "*"}}
    auth = {"mode": "api_keys", "api_keys": [entry], "policies": policies}
    async with simulated_gateway(tmp_path, only=[SLUG], sections={"auth": auth}) as gateway:
        answer = await post(gateway, TASKS, x_api_key=key)
    assert answer.headers["cache-control"].startswith("private, max-age=")
    assert {"authorization", "x-api-key"} <= set(re.split(r", *", ",".join(answer.headers.get_list("vary")).lower()))
