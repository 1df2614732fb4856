"""A table of tokens that are forged, confused, expired, or somebody else's: not one of them lets anybody in."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.auth.conftest import SEEN, Asked, asked_of, is_refused, jwt_section
from tests.support.bad_tokens import ALGORITHMS, BAD_TOKENS, publish_all, rsa_token
from tests.support.identity_provider import IdentityProvider, claims, key_of, signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Where these are let in, the bad ones beside them are refused for what is wrong with them, and for nothing else.
GOOD_NEIGHBOURS: dict[str, Callable[[], str]] = {
    "RS256": rsa_token,
    "ES256": lambda: signed(key_of("P-256"), {"alg": "ES256", "kid": "ec"}, claims()),
    "EdDSA": lambda: signed(key_of("Ed25519"), {"alg": "EdDSA", "kid": "ed"}, claims()),
    "RS512 of a key that is bound to it": lambda: signed(key_of("RSA", 2), {"alg": "RS512", "kid": "bound"}, claims()),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asked]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    async with IdentityProvider() as provider:
        publish_all(provider)
        async with asked_of(folder, jwt_section(jwks_url=provider.jwks_url, algorithms=ALGORITHMS)) as asked:
            yield asked


@pytest.mark.parametrize("name", GOOD_NEIGHBOURS)
async def test_a_good_token_is_believed(asked: Asked, name: str) -> None:
    answer = await asked.post(SEEN, bearer=GOOD_NEIGHBOURS[name]())
    assert len(answer.json()["data"]["backends"]) == 1


@pytest.mark.parametrize("name", BAD_TOKENS)
async def test_a_bad_token_is_refused(asked: Asked, name: str) -> None:
    answer = await asked.post(SEEN, bearer=BAD_TOKENS[name]())
    assert is_refused(answer), answer.text


async def test_all_bad_tokens_are_refused_in_the_same_words_before_any_call(
    asked: Asked, record_property: Callable[[str, object], None]
) -> None:
    before = asked.gateway.calls
    said = {(await asked.post(SEEN, bearer=made())).text for made in BAD_TOKENS.values()}
    assert len(said) == 1
    assert asked.gateway.calls == before
    assert len(BAD_TOKENS) >= 30
    record_property("figures", f"tokens: {len(BAD_TOKENS)} bad ones refused, {len(GOOD_NEIGHBOURS)} good ones let in")
