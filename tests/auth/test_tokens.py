import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.auth.key_set import KeySet
from gateway.auth.settings import JwtSettings
from gateway.domain.errors import InvalidInput
from tests.auth.conftest import BACKEND, SEEN, Serving, is_refused, jwt_section
from tests.support.identity_provider import AUDIENCE, ISSUER, IdentityProvider, claims, jwk_of, key_of, pem_of, signed

KINDS = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA",
    "ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519",
}  # fmt: skip
BACKENDS = [{"name": BACKEND}]


def token(which: int = 0, kid: str | None = "one", header: dict[str, Any] | None = None, **changed: Any) -> str:
    named = {} if kid is None else {"kid": kid}
    return signed(key_of("RSA", which), {"alg": "RS256", **named, **(header or {})}, claims(**changed))


async def test_each_algorithm_is_verified_by_keys_of_its_kind(serving: Serving) -> None:
    async with IdentityProvider() as provider:
        for kind in {*KINDS.values(), "Ed448"}:
            provider.publish(kind, kind)
        async with serving(jwt_section(jwks_url=provider.jwks_url, algorithms=list(KINDS))) as asked:
            for algorithm, kind in [*KINDS.items(), ("EdDSA", "Ed448")]:
                shown = signed(key_of(kind), {"alg": algorithm, "kid": kind}, claims())
                assert (await asked.post(SEEN, bearer=shown)).json() == {"data": {"backends": BACKENDS}}, algorithm
    assert provider.fetches == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": [AUDIENCE, "billing"]},
        {"exp": int(time.time()) + 300.5},
        {"iat": None},
        {"nbf": 0},
        {"roles": ["nothing of ours", "viewer"]},
        {"roles": "viewer other"},
        {"sub": "Ann Ö. <ann@fleet.example>"},
    ],
)
async def test_what_tokens_may_say_in_several_ways_is_understood(serving: Serving, changed: dict[str, Any]) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url)) as asked:
            answer = await asked.post(SEEN, bearer=token(**changed))
    assert answer.json() == {"data": {"backends": BACKENDS}}


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"typ": "JWT"}, {"jku": "https://evil.example/keys"}])
async def test_what_a_header_says_of_keys_is_not_looked_at(serving: Serving, header: dict[str, Any]) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url)) as asked:
            assert (await asked.post(SEEN, bearer=token(header=header))).status_code == 200


@pytest.mark.parametrize("roles", [None, [], "", ["admin of something else"], 7, {"viewer": True}, [["viewer"]]])
async def test_without_a_role_of_ours_one_is_known_and_sees_nothing(serving: Serving, roles: object) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url)) as asked:
            answer = await asked.post(SEEN, bearer=token(roles=roles))
    assert answer.json() == {"data": {"backends": []}}


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["viewer"]}}),
        ("https://fleet.example/roles", {"https://fleet.example/roles": ["viewer"]}),
        ("scope", {"scope": "openid viewer"}),
    ],
)
async def test_roles_are_found_where_the_configuration_says(serving: Serving, claim: str, said: dict[str, Any]) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url, roles_claim=claim)) as asked:
            found = await asked.post(SEEN, bearer=token(roles=None, **said))
            elsewhere = await asked.post(SEEN, bearer=token())
    assert found.json() == {"data": {"backends": BACKENDS}}
    assert elsewhere.json() == {"data": {"backends": []}}


async def test_clocks_may_differ_by_the_leeway_to_both_sides(serving: Serving) -> None:
    now = int(time.time())
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url, leeway="60s")) as asked:
            for changed in ({"exp": now - 40, "iat": now - 300}, {"nbf": now + 40}, {"iat": now + 40}):
                assert (await asked.post(SEEN, bearer=token(**changed))).status_code == 200, changed
            for changed in ({"exp": now - 70, "iat": now - 300}, {"nbf": now + 80}, {"iat": now + 80}):
                assert is_refused(await asked.post(SEEN, bearer=token(**changed))), changed


async def test_a_token_that_was_believed_ends_all_the_same(serving: Serving) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url, leeway="0s")) as asked:
            shown = token(exp=time.time() + 1.5)
            assert (await asked.post(SEEN, bearer=shown)).status_code == 200
            assert (await asked.post(SEEN, bearer=shown)).status_code == 200
            await asyncio.sleep(1.6)
            assert is_refused(await asked.post(SEEN, bearer=shown))


async def test_who_invents_names_of_keys_has_them_read_once_in_ten_seconds(serving: Serving) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url)) as asked:
            assert is_refused(await asked.post(SEEN, bearer=token(1, "nobody's")))
            provider.publish("RSA", "two", which=1)
            assert is_refused(await asked.post(SEEN, bearer=token(1, "two")))
    assert provider.fetches == 2


async def test_a_new_key_is_accepted_without_a_restart(serving: Serving) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url)) as asked:
            provider.publish("RSA", "two", which=1)
            answers = await asyncio.gather(*(asked.post(SEEN, bearer=token(1, "two")) for _ in range(5)))
            assert [answer.status_code for answer in answers] == [200] * 5
            assert (await asked.post(SEEN, bearer=token())).status_code == 200
    assert provider.fetches == 2


async def test_a_withdrawn_key_is_refused_once_the_keys_are_read_again(serving: Serving) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        provider.publish("RSA", "two", which=1)
        async with serving(jwt_section(jwks_url=provider.jwks_url, refresh="1s")) as asked:
            assert (await asked.post(SEEN, bearer=token(1, "two"))).status_code == 200
            provider.keys.pop()
            await provider.asked_again()
            assert is_refused(await asked.post(SEEN, bearer=token(1, "two")))
            assert (await asked.post(SEEN, bearer=token())).status_code == 200


async def test_keys_stay_in_use_while_the_provider_is_broken(serving: Serving) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        async with serving(jwt_section(jwks_url=provider.jwks_url, refresh="1s")) as asked:
            provider.broken = True
            await provider.asked_again()
            assert (await asked.post(SEEN, bearer=token())).status_code == 200
            assert is_refused(await asked.post(SEEN, bearer=token(1, "two")))


async def test_a_gateway_that_has_never_read_keys_says_so_and_reads_them_when_it_can(serving: Serving) -> None:
    provider = IdentityProvider()
    async with provider:
        provider.publish("RSA", "one")
    async with serving(jwt_section(jwks_url=provider.jwks_url)) as asked:
        waiting = await asked.post(SEEN, bearer=token())
        assert waiting.status_code == 503
        assert waiting.json()["errors"][0]["extensions"]["code"] == "KEYS_UNAVAILABLE"
        assert waiting.headers["retry-after"] == "10"
        # What no key could make good is refused all the same.
        assert is_refused(await asked.post(SEEN, bearer="hunter2"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [1, null, {}, {"kty": "RSA"}, {"kty": "RSA", "n": 1, "e": 2}, {"kty": "EC", "crv": "P-256"}]}',
        b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
        b'{"keys": [{"kty": "OKP", "crv": "X25519", "x": "AAAA"}, {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}',
        b'{"keys": ' + b"[" * 10_000,
        b"x" * 300_000,
    ],
    ids=["nothing", "list", "empty", "object", "none", "odd", "shared", "curves", "nested", "large"],
)
async def test_keys_that_cannot_be_read_change_nothing(body: bytes) -> None:
    async with IdentityProvider() as provider:
        provider.publish("RSA", "one")
        moments = iter(range(0, 10_000, 100))
        settings = JwtSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=provider.jwks_url)
        keys = KeySet(settings, moment=lambda: float(next(moments)))
        async with keys.following():
            assert (len(keys.keys), keys.version) == (1, 1)
            provider.body = body
            await keys.grow()
            assert provider.fetches == 2
            assert (len(keys.keys), keys.version) == (1, 1)


async def test_keys_are_read_from_files(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(orjson.dumps({"keys": [jwk_of(key_of("RSA"), "one")]}))
    (tmp_path / "a.pem").write_bytes(pem_of(key_of("RSA")))
    (tmp_path / "b.pem").write_bytes(pem_of(key_of("P-256")))
    async with serving(jwt_section(jwks_file=str(tmp_path / "keys.json"))) as asked:
        assert (await asked.post(SEEN, bearer=token())).status_code == 200
        assert is_refused(await asked.post(SEEN, bearer=token(kid="two")))
    async with serving(jwt_section(public_keys=[str(tmp_path / "a.pem"), str(tmp_path / "b.pem")])) as asked:
        assert (await asked.post(SEEN, bearer=token(kid=None))).status_code == 200
        assert (await asked.post(SEEN, bearer=token(kid="any"))).status_code == 200
        shown = signed(key_of("P-256"), {"alg": "ES256"}, claims())
        assert (await asked.post(SEEN, bearer=shown)).status_code == 200
        assert is_refused(await asked.post(SEEN, bearer=token(1)))


@pytest.mark.parametrize("content", [None, b"", b"not a key", pem_of(key_of("RSA-1024"))])
async def test_a_file_without_a_usable_key_is_told_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    keys = KeySet(JwtSettings(issuer=ISSUER, audience=AUDIENCE, public_keys=(file,)))
    with pytest.raises(InvalidInput, match=r"^auth\.jwt cannot be used: "):
        async with keys.following():
            pass
