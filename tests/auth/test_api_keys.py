import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.auth.api_keys import digest_of, looks_like_a_key, new_key
from tests.auth.conftest import BACKEND, SEEN, TYPE, Serving, is_refused

KEY = new_key()


def section(*more: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    entry = {"name": "ci", "sha256": digest_of(KEY), "roles": ["viewer"], **members}
    return {"mode": "api_keys", "api_keys": [entry, *more]}


def test_keys_are_long_random_and_hold_a_checksum() -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert {len(key) for key in keys} == {54}
    assert all(key.startswith("otag_") and key.isascii() and looks_like_a_key(key) for key in keys)
    assert digest_of(KEY) == hashlib.sha256(KEY.encode()).hexdigest()
    slips = {KEY[:place] + ("x" if KEY[place] != "x" else "y") + KEY[place + 1 :] for place in range(len(KEY))}
    assert [slip for slip in slips if looks_like_a_key(slip)] == []
    assert len(slips) == 54


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": KEY},
        {"X-API-Key": KEY},
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY}"},
    ],
)
async def test_a_key_is_taken_in_either_header(serving: Serving, headers: dict[str, str]) -> None:
    async with serving(section()) as asked:
        assert (await asked.post(SEEN, headers=headers)).json() == {"data": {"backends": [{"name": BACKEND}]}}


@pytest.mark.parametrize(
    "headers",
    [
        [("x-api-key", new_key())],
        [("x-api-key", KEY[:-1])],
        [("x-api-key", f"{KEY}a")],
        [("x-api-key", KEY.lower())],
        [("x-api-key", digest_of(KEY))],
        [("x-api-key", "hunter2")],
        [("x-api-key", "é".encode())],
        [("x-api-key", "")],
        [("authorization", KEY)],
        [("authorization", f"Basic {KEY}")],
        [("authorization", "Bearer")],
        [("authorization", f"Bearer {KEY} {KEY}")],
        [("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")],
        # Two identities in one request, although both are the same.
        [("x-api-key", KEY), ("x-api-key", KEY)],
        [("x-api-key", KEY), ("authorization", f"Bearer {KEY}")],
        [("authorization", f"Bearer {KEY}"), ("authorization", f"Bearer {KEY}")],
        [("x-api-key", KEY), ("x-ota-principal", "root")],
        [("x-ota-principal", "root"), ("x-ota-roles", "viewer")],
    ],
)
async def test_anything_else_is_refused(serving: Serving, headers: list[tuple[str, Any]]) -> None:
    async with serving(section()) as asked:
        answer = await asked.post(SEEN, headers=headers)
        assert is_refused(answer), answer.text
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert asked.gateway.calls == 0


async def test_who_shows_nothing_is_told_what_to_send(serving: Serving) -> None:
    async with serving(section()) as asked:
        answer = await asked.post(SEEN)
    assert is_refused(answer)
    assert answer.headers["www-authenticate"] == 'Bearer realm="ota-gateway"'
    assert "send Authorization: Bearer" in answer.json()["errors"][0]["message"]


async def test_a_key_ends_when_the_configuration_says(serving: Serving) -> None:
    now = datetime.now(UTC)
    later = {"name": "later", "sha256": digest_of(new := new_key()), "roles": ["viewer"]}
    over = section({**later, "expires": (now + timedelta(hours=1)).isoformat()}, expires=str(now - timedelta(hours=1)))
    async with serving(over) as asked:
        assert is_refused(await asked.post(TYPE, headers={"x-api-key": KEY}))
        assert (await asked.post(TYPE, headers={"x-api-key": new})).status_code == 200


async def test_a_password_is_no_key_even_if_its_digest_is_configured(serving: Serving) -> None:
    async with serving(section(sha256=digest_of("correct horse battery staple"))) as asked:
        assert is_refused(await asked.post(TYPE, headers={"x-api-key": "correct horse battery staple"}))


async def test_what_shows_nothing_of_the_fleet_stays_open(serving: Serving) -> None:
    async with serving(section()) as asked:
        http, url = asked.gateway.http, asked.gateway.url
        page = await http.get(f"{url}/graphql", headers={"accept": "text/html"})
        open_ones = [await http.get(f"{url}{path}") for path in ("/healthz", "/readyz")]
        query = await http.get(f"{url}/graphql", params={"query": "{ __typename }"})
        large = await http.post(f"{url}/graphql", content=b"x" * 200_000, headers={"content-type": "application/json"})
    assert [page.status_code, *(one.status_code for one in open_ones)] == [200, 200, 200]
    assert is_refused(query)
    assert is_refused(large)


async def test_other_host_names_are_served_and_foreign_pages_are_not(serving: Serving) -> None:
    async with serving(section()) as asked:
        named = await asked.post(TYPE, headers={"x-api-key": KEY, "host": "ota.fleet.example"})
        foreign = await asked.post(TYPE, headers={"x-api-key": KEY, "origin": "https://evil.example"})
    assert (named.status_code, foreign.status_code) == (200, 403)


async def test_a_page_may_send_both_headers(serving: Serving) -> None:
    async with serving(section()) as asked:
        preflight = await asked.gateway.http.options(
            f"{asked.gateway.url}/graphql",
            headers={
                "origin": "http://localhost:5173",
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization,x-api-key",
            },
        )
    assert preflight.status_code == 200


async def test_two_callers_are_told_apart_by_their_rights_and_in_the_audit(serving: Serving) -> None:
    viewer, operator, auditor = (new_key() for _ in range(3))
    entries = [
        {"name": name, "sha256": digest_of(key), "roles": [name]}
        for name, key in {"viewer": viewer, "operator": operator, "auditor": auditor}.items()
    ]
    async with serving({"mode": "api_keys", "api_keys": entries}) as asked:
        running = """{ tasks(first: 100) { nodes { id allowedOperations { operation allowed needsForce } } } }"""
        rows = (await asked.post({"query": running}, headers={"x-api-key": operator})).json()["data"]["tasks"]["nodes"]
        can = {"operation": "CANCEL_TASK", "allowed": True, "needsForce": False}
        task = next(row["id"] for row in rows if can in row["allowedOperations"])
        cancel = {
            "query": "mutation C($id: ID!) { cancelOtaTask(input: {id: $id}) { outcome errors { code } } }",
            "variables": {"id": task},
        }
        said = {
            name: (await asked.post(cancel, headers={"x-api-key": key})).json()["data"]["cancelOtaTask"]
            for name, key in {"viewer": viewer, "operator": operator}.items()
        }
        audit = {"query": "{ auditEntries(first: 10) { nodes { actor operation outcome } } }"}
        entries_seen = (await asked.post(audit, headers={"x-api-key": auditor})).json()["data"]["auditEntries"]["nodes"]
        by_viewer = (await asked.post(audit, headers={"x-api-key": viewer})).json()
    assert [error["code"] for error in said["viewer"]["errors"]] == ["PERMISSION_DENIED"]
    assert said["operator"]["errors"] == []
    cancels = {entry["actor"] for entry in entries_seen if entry["operation"] == "CANCEL_TASK"}
    assert cancels == {"key:viewer", "key:operator"}
    assert by_viewer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
