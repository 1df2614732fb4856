"""Public keys, from JWKS or PEM, each with the signatures that it can verify and no others.

A key never serves an algorithm of another kind than its own, and none serves HS: what a public key is used for is
decided by the key, not by a token.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey

_LEAST_RSA_BITS: Final = 2048
_MOST_KEYS: Final = 100
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_BY_CURVE: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_READERS: Final = {"RSA": RSAAlgorithm.from_jwk, "EC": ECAlgorithm.from_jwk, "OKP": OKPAlgorithm.from_jwk}


class UnusableKeys(Exception):
    """A set or file of keys cannot be read, or holds none that can be used. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationKey:
    """One key. `kid` is its name, if it has one; `algorithms` what it verifies."""

    key: PublicKey
    algorithms: frozenset[str]
    kid: str | None = None


def keys_of_jwks(document: bytes) -> tuple[VerificationKey, ...]:
    """The keys of a JWKS document that can verify something; others, such as those for encryption, are left out.

    Raises UnusableKeys.
    """
    try:
        listed = orjson.loads(document)["keys"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        raise UnusableKeys("it is no JWKS document") from None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise UnusableKeys(f"its keys are no list of at most {_MOST_KEYS}")
    return _some(_of_jwk(jwk) for jwk in listed)


def keys_of_pem(documents: Iterable[bytes]) -> tuple[VerificationKey, ...]:
    """A public key of each PEM document. Raises UnusableKeys."""
    return _some(_of_pem(document) for document in documents)


def fitting(keys: Sequence[VerificationKey], kid: str | None, algorithm: str) -> list[VerificationKey]:
    """The keys that may have made a signature. A key without a name fits every name."""
    return [one for one in keys if algorithm in one.algorithms and (kid is None or one.kid in (None, kid))]


def _some(keys: Iterable[VerificationKey | None]) -> tuple[VerificationKey, ...]:
    found = tuple(key for key in keys if key is not None)
    if not found:
        raise UnusableKeys("it holds no key that could verify a signature")
    return found


def _of_jwk(jwk: Any) -> VerificationKey | None:
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    operations = jwk.get("key_ops", ["verify"])
    reader = _READERS.get(str(jwk.get("kty")))
    kid = jwk.get("kid")
    if reader is None or "verify" not in operations or not isinstance(kid, str | None):
        return None
    # Of a private key, which does not belong here, nothing is read.
    public = {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}
    try:
        key: Any = reader(public)
    except (InvalidKeyError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return None
    algorithms = _algorithms(key)
    if "alg" in jwk:
        algorithms &= {jwk["alg"]} if isinstance(jwk["alg"], str) else frozenset()
    return VerificationKey(key=key, kid=kid, algorithms=algorithms) if algorithms else None


def _of_pem(document: bytes) -> VerificationKey:
    try:
        key = load_pem_public_key(document)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnusableKeys("it holds no public key as PEM") from None
    algorithms = _algorithms(key)
    if not algorithms or not isinstance(key, PublicKey):
        raise UnusableKeys(f"its key is of a kind that is not used; RSA needs {_LEAST_RSA_BITS} bits")
    return VerificationKey(key=key, algorithms=algorithms)


def _algorithms(key: object) -> frozenset[str]:
    if isinstance(key, RSAPublicKey):
        return _RSA if key.key_size >= _LEAST_RSA_BITS else frozenset()
    if isinstance(key, EllipticCurvePublicKey):
        return frozenset({_BY_CURVE[key.curve.name]}) if key.curve.name in _BY_CURVE else frozenset()
    return frozenset({"EdDSA"}) if isinstance(key, Ed25519PublicKey | Ed448PublicKey) else frozenset()
