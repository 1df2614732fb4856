from typing import Any

import pytest

from tests.auth.conftest import BACKEND, SEEN, Serving, is_refused

SECRET = "a secret that a router and its gateway share"
ROUTER = {"mode": "router", "router": {"shared_secret": SECRET}}
NAMED = [("x-ota-principal", "ann"), ("x-ota-roles", "other, viewer")]
BACKENDS = {"data": {"backends": [{"name": BACKEND}]}}


async def test_a_router_that_knows_the_secret_says_who_calls(serving: Serving) -> None:
    async with serving(ROUTER) as asked:
        viewer = await asked.post(SEEN, headers=[*NAMED, ("x-ota-router-secret", SECRET)])
        nobody = await asked.post(SEEN, headers=[NAMED[0], ("x-ota-router-secret", SECRET)])
    assert viewer.json() == BACKENDS
    assert nobody.json() == {"data": {"backends": []}}


async def test_its_headers_have_the_names_that_the_configuration_gives(serving: Serving) -> None:
    names = {"header": "X-User", "roles_header": "X-Groups", "secret_header": "X-Proof"}
    async with serving({"mode": "router", "router": {"shared_secret": SECRET, **names}}) as asked:
        shown = [("x-user", "ann"), ("x-groups", "viewer"), ("x-proof", SECRET)]
        assert (await asked.post(SEEN, headers=shown)).json() == BACKENDS


@pytest.mark.parametrize(
    "headers",
    [
        NAMED,
        [*NAMED, ("x-ota-router-secret", "")],
        [*NAMED, ("x-ota-router-secret", SECRET[:-1])],
        [*NAMED, ("x-ota-router-secret", SECRET.upper())],
        [*NAMED, ("x-ota-router-secret", SECRET), ("x-ota-router-secret", SECRET)],
        [*NAMED, NAMED[0], ("x-ota-router-secret", SECRET)],
        [("x-ota-router-secret", SECRET)],
        [("x-ota-roles", "viewer"), ("x-ota-router-secret", SECRET)],
        [("x-ota-principal", ""), ("x-ota-roles", "viewer"), ("x-ota-router-secret", SECRET)],
        [("x-ota-principal", "key:ci"), ("x-ota-roles", "viewer"), ("x-ota-router-secret", SECRET)],
        [("x-ota-principal", b"\xff"), ("x-ota-roles", "viewer"), ("x-ota-router-secret", SECRET)],
        [*NAMED, ("x-ota-router-secret", SECRET), ("authorization", f"Bearer {SECRET}")],
        [("authorization", f"Bearer {SECRET}")],
        [("x-api-key", SECRET)],
    ],
)
async def test_without_the_proof_the_headers_are_refused_and_not_just_ignored(
    serving: Serving, headers: list[tuple[str, Any]]
) -> None:
    async with serving(ROUTER) as asked:
        answer = await asked.post(SEEN, headers=headers)
    assert is_refused(answer), answer.text
    assert SECRET not in answer.text
