"""Tokens that must not be believed, each by the name of what is wrong with it.

The gateway that they are shown to knows the provider's keys `rsa`, `ec`, `ed`, `for-encryption` (RSA, `use: enc`),
`bound` (RSA, `alg: RS512`) and `short` (RSA of 1024 bits), and accepts RS256, RS512, ES256 and EdDSA with a leeway of
30 s.
"""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any, Final

from tests.support.identity_provider import (
    AUDIENCE,
    IdentityProvider,
    claims,
    encoded,
    jwk_of,
    key_of,
    pem_of,
    signed,
)

ALGORITHMS: Final = ["RS256", "RS512", "ES256", "EdDSA"]
STRANGER: Final = 9
"""The `which` of keys that the provider never had."""


def publish_all(provider: IdentityProvider) -> None:
    """The keys of this table."""
    provider.publish("RSA", "rsa")
    provider.publish("P-256", "ec")
    provider.publish("Ed25519", "ed")
    provider.publish("RSA", "for-encryption", which=1, use="enc")
    provider.publish("RSA", "bound", which=2, alg="RS512")
    provider.publish("RSA-1024", "short")
    provider.keys.append({"kty": "oct", "kid": "shared", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IQ"})


def rsa_token(header: dict[str, Any] | None = None, **changed: Any) -> str:
    """Signed with the provider's RSA key; a header's member that is None is left out."""
    said = {"alg": "RS256", "kid": "rsa", "typ": "JWT", **(header or {})}
    return signed(
        key_of("RSA"), {name: value for name, value in said.items() if value is not None}, claims(**changed), by="RS256"
    )


def unsigned(header: dict[str, Any], signature: bytes = b"", **changed: Any) -> str:
    """Not signed at all."""
    return (encoded(header) + b"." + encoded(claims(**changed)) + b"." + signature).decode()


def _spoiled(token: str, part: int) -> str:
    parts = token.split(".")
    middle = len(parts[part]) // 2
    other = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + other + parts[part][middle + 1 :]
    return ".".join(parts)


def _with_claims_of_another() -> str:
    head, _, signature = rsa_token().split(".")
    return f"{head}.{encoded(claims(sub='root')).decode()}.{signature}"


def _padded_to(length: int) -> str:
    return rsa_token(padding="x" * length)


def _der_of_ec_signature() -> str:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    message = encoded({"alg": "ES256", "kid": "ec"}) + b"." + encoded(claims())
    return (message + b"." + encoded(key_of("P-256").sign(message, ECDSA(SHA256())))).decode()


def _ago(seconds: float) -> int:
    return int(time.time() - seconds)


def _from_now(seconds: float) -> int:
    return int(time.time() + seconds)


HS256 = {"alg": "HS256", "kid": "rsa", "typ": "JWT"}

BAD_TOKENS: Final[dict[str, Callable[[], str]]] = {
    # forged
    "alg none": lambda: unsigned({"alg": "none", "typ": "JWT"}),
    "alg None, spelled otherwise": lambda: unsigned({"alg": "nOnE", "typ": "JWT"}),
    "alg none with a kid": lambda: unsigned({"alg": "none", "kid": "rsa"}, b"AAAA"),
    "no alg": lambda: rsa_token({"alg": None}),
    "alg that is no text": lambda: rsa_token({"alg": ["RS256"]}),
    "alg in lower case": lambda: rsa_token({"alg": "rs256"}),
    "no signature": lambda: unsigned({"alg": "RS256", "kid": "rsa"}),
    "a signature of noise": lambda: unsigned({"alg": "RS256", "kid": "rsa"}, b"A" * 342),
    "an ES256 signature of zeroes": lambda: unsigned({"alg": "ES256", "kid": "ec"}, encoded(bytes(64))),
    "a spoiled signature": lambda: _spoiled(rsa_token(), 2),
    "spoiled claims": lambda: _spoiled(rsa_token(), 1),
    "a spoiled header": lambda: _spoiled(rsa_token(), 0),
    "the claims of another under a true signature": _with_claims_of_another,
    "signed with a stranger's key under a known kid": lambda: signed(
        key_of("RSA", STRANGER), {"alg": "RS256", "kid": "rsa"}, claims()
    ),
    "signed with a stranger's key under an unknown kid": lambda: signed(
        key_of("RSA", STRANGER), {"alg": "RS256", "kid": "mine"}, claims()
    ),
    "signed with a stranger's key without a kid": lambda: signed(key_of("RSA", STRANGER), {"alg": "RS256"}, claims()),
    "a stranger's key in its own header (jwk)": lambda: signed(
        key_of("RSA", STRANGER), {"alg": "RS256", "jwk": jwk_of(key_of("RSA", STRANGER))}, claims()
    ),
    "keys from an address in its own header (jku)": lambda: signed(
        key_of("RSA", STRANGER), {"alg": "RS256", "kid": "mine", "jku": "https://evil.example/keys"}, claims()
    ),
    "a certificate from an address in its own header (x5u)": lambda: signed(
        key_of("RSA", STRANGER), {"alg": "RS256", "x5u": "https://evil.example/cert"}, claims()
    ),
    "a kid that is a path": lambda: signed(
        key_of("RSA", STRANGER), {"alg": "RS256", "kid": "../../../../dev/null"}, claims()
    ),
    "a kid that is SQL": lambda: signed(
        key_of("RSA", STRANGER), {"alg": "RS256", "kid": "rsa' UNION SELECT 'x"}, claims()
    ),
    "a kid that is no text": lambda: rsa_token({"kid": {"a": 1}}),
    # confused
    "HS256 with the public key as its secret, as PEM": lambda: signed(pem_of(key_of("RSA")), HS256, claims()),
    "HS256 with the public key as its secret, without the last line's end": lambda: signed(
        pem_of(key_of("RSA")).rstrip(), HS256, claims()
    ),
    "HS256 with the modulus as its secret": lambda: signed(jwk_of(key_of("RSA"))["n"].encode(), HS256, claims()),
    "HS256 with an empty secret": lambda: signed(b"", HS256, claims()),
    "HS256 with the provider's shared key": lambda: signed(
        b"secret secret secret secret!", {"alg": "HS256", "kid": "shared"}, claims()
    ),
    "ES256 that names an RSA key": lambda: signed(key_of("P-256"), {"alg": "ES256", "kid": "rsa"}, claims()),
    "RS256 that names an EC key": lambda: signed(key_of("RSA"), {"alg": "RS256", "kid": "ec"}, claims()),
    "EdDSA that names an EC key": lambda: signed(key_of("Ed25519"), {"alg": "EdDSA", "kid": "ec"}, claims()),
    "PS256, which is not accepted here": lambda: signed(key_of("RSA"), {"alg": "PS256", "kid": "rsa"}, claims()),
    "RS384, which is not accepted here": lambda: signed(key_of("RSA"), {"alg": "RS384", "kid": "rsa"}, claims()),
    "RS256 that was signed by RS512": lambda: signed(
        key_of("RSA"), {"alg": "RS256", "kid": "rsa"}, claims(), by="RS512"
    ),
    "RS256 of a key that is bound to RS512": lambda: signed(
        key_of("RSA", 2), {"alg": "RS256", "kid": "bound"}, claims()
    ),
    "of a key for encryption": lambda: signed(key_of("RSA", 1), {"alg": "RS256", "kid": "for-encryption"}, claims()),
    "of a key that is too short": lambda: signed(key_of("RSA-1024"), {"alg": "RS256", "kid": "short"}, claims()),
    "an ES256 signature in DER": _der_of_ec_signature,
    "something critical": lambda: rsa_token({"crit": ["exp"], "exp": 1}),
    "an empty crit": lambda: rsa_token({"crit": []}),
    "claims that are not encoded (b64)": lambda: rsa_token({"b64": False, "crit": ["b64"]}),
    "a logout token": lambda: rsa_token({"typ": "logout+jwt"}),
    "typ that is no text": lambda: rsa_token({"typ": 1}),
    # expired, and moments that are none
    "expired": lambda: rsa_token(exp=_ago(120)),
    "expired a moment beyond the leeway": lambda: rsa_token(exp=_ago(32)),
    "without an end": lambda: rsa_token(exp=None),
    "an end that is text": lambda: rsa_token(exp=str(_from_now(300))),
    "an end that is true": lambda: rsa_token(exp=True),
    "an end that is a list": lambda: rsa_token(exp=[_from_now(300)]),
    "an end at infinity": lambda: signed(
        key_of("RSA"),
        {"alg": "RS256", "kid": "rsa"},
        b'{"iss":"https://id.example/tenant","aud":"ota-gateway","sub":"ann","exp":1e999}',
    ),
    "not valid yet": lambda: rsa_token(nbf=_from_now(120)),
    "a beginning that is text": lambda: rsa_token(nbf="0"),
    "issued in the future": lambda: rsa_token(iat=_from_now(120)),
    "issued after its end": lambda: rsa_token(iat=_from_now(20), exp=_from_now(10)),
    # for others, or from others
    "another issuer": lambda: rsa_token(iss="https://evil.example"),
    "an issuer with a slash more": lambda: rsa_token(iss="https://id.example/tenant/"),
    "an issuer in a list": lambda: rsa_token(iss=["https://id.example/tenant"]),
    "no issuer": lambda: rsa_token(iss=None),
    "another audience": lambda: rsa_token(aud="billing"),
    "several other audiences": lambda: rsa_token(aud=["billing", f"{AUDIENCE}-staging"]),
    "an audience that holds ours": lambda: rsa_token(aud=f"{AUDIENCE}.evil.example"),
    "no audience": lambda: rsa_token(aud=None),
    "an audience that is an object": lambda: rsa_token(aud={AUDIENCE: True}),
    "no name": lambda: rsa_token(sub=None),
    "an empty name": lambda: rsa_token(sub=""),
    "a name that is a number": lambda: rsa_token(sub=7),
    "a name with a line's end": lambda: rsa_token(sub="ann\nroot"),
    "a name beyond reason": lambda: rsa_token(sub="a" * 201),
    "the name of an API key": lambda: rsa_token(sub="key:ci"),
    # no tokens at all
    "a word": lambda: "hunter2",
    "two parts": lambda: rsa_token().rpartition(".")[0],
    "four parts": lambda: f"{rsa_token()}.AAAA",
    "five parts, encrypted": lambda: ".".join([rsa_token(), "AAAA", "AAAA"]),
    "dots": lambda: "..",
    "a header that is no JSON": lambda: f"{encoded(b'{').decode()}.e30.AAAA",
    "a header that is a list": lambda: f"{encoded(b'[]').decode()}.e30.AAAA",
    "a header nested beyond reason": lambda: f"{encoded(b'[' * 3000).decode()}.e30.AAAA",
    "claims that are a list": lambda: signed(key_of("RSA"), {"alg": "RS256", "kid": "rsa"}, b"[]"),
    "claims that are no JSON": lambda: signed(key_of("RSA"), {"alg": "RS256", "kid": "rsa"}, b"{"),
    "claims that are compressed": lambda: signed(
        key_of("RSA"), {"alg": "RS256", "kid": "rsa", "zip": "DEF"}, b"\x78\x9c\x03\x00"
    ),
    "base64 with a line's worth of noise": lambda: rsa_token().replace(".", "!.", 1),
    "base64 as it is not in addresses": lambda: "+/" + rsa_token(),
    "longer than 8 KiB": lambda: _padded_to(8 * 1024),
    "longer than a token can be read": lambda: _padded_to(30 * 1024),
    "a token within a token": lambda: signed(
        key_of("RSA"), {"alg": "RS256", "kid": "rsa", "cty": "JWT"}, rsa_token().encode()
    ),
    "in the form of an API key, with a wrong checksum": lambda: f"otag_{'a' * 49}",
    "an API key, where none are taken": lambda: "otag_" + urlsafe_b64encode(b"x" * 36).decode()[:49],
}
"""By name, what makes the token at the moment when it is shown."""
