"""API keys: drawn here, shown once, and known to the gateway by their digest alone.

    otag_ + 43 letters and digits that hold 256 random bits + 6 that hold a checksum of all before them

The prefix lets scanners find a key that was published, and the checksum lets them, and the gateway, tell a key from
noise without asking anybody. A digest that is fast to make suffices: nobody guesses 256 random bits, so there is
nothing that a slow one would slow down, and every request pays for it. Keys of another form are not taken, so that
no password can be made one by putting its digest into the configuration.
"""

import hashlib
import hmac
import secrets
import string
import time
import zlib
from collections.abc import Sequence
from typing import Final

from gateway.auth.policies import Policies
from gateway.auth.principal import Principal
from gateway.auth.refusals import Unauthenticated
from gateway.auth.settings import ApiKeySettings

PREFIX: Final = "otag_"
NAME_PREFIX: Final = "key:"
_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_DIGITS: Final = 43
_CHECK_DIGITS: Final = 6
_LENGTH: Final = len(PREFIX) + _RANDOM_DIGITS + _CHECK_DIGITS


def new_key() -> str:
    """A key that nobody has."""
    start = PREFIX + _in_digits(secrets.randbits(256), _RANDOM_DIGITS)
    return start + _check(start)


def digest_of(key: str) -> str:
    """What the configuration holds of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def looks_like_a_key(text: str) -> bool:
    """Whether the form, the checksum included, is that of a key."""
    if len(text) != _LENGTH or not text.startswith(PREFIX) or not text.isascii():
        return False
    start = text[:-_CHECK_DIGITS]
    return hmac.compare_digest(_check(start), text[-_CHECK_DIGITS:])


class ApiKeys:
    """The keys of the configuration."""

    def __init__(self, keys: Sequence[ApiKeySettings], policies: Policies) -> None:
        # Looked up by a digest, whose digits nobody can choose: how long that takes tells nothing of any key.
        self._holders = {
            key.sha256: Principal(
                name=f"{NAME_PREFIX}{key.name}",
                rights=policies.rights_of(key.roles),
                expires_at=None if key.expires is None else key.expires.timestamp(),
            )
            for key in keys
        }

    def holder(self, key: str) -> Principal:
        """Whose key this is. Raises Unauthenticated."""
        if not looks_like_a_key(key):
            raise Unauthenticated("what was shown has not the form of an API key")
        digest = digest_of(key)
        found = self._holders.get(digest)
        if found is None:
            raise Unauthenticated("an API key that is not configured")
        if found.expires_at is not None and found.expires_at <= time.time():
            raise Unauthenticated(f"the API key of {found.name} has expired")
        return found


def _check(start: str) -> str:
    return _in_digits(zlib.crc32(start.encode()), _CHECK_DIGITS)


def _in_digits(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
