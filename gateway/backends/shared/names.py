"""The names of keys in Redis. All begin with the program, the version of their meaning, and the vendor account.

An account is what of a backend's configuration decides whose objects it shows: all but secrets and pace. Gateways that
write it alike share it; those that do not never meet.
"""

from hashlib import sha256

import msgspec

from gateway.vendorkit.settings import BackendSettings, Pace

PREFIX = "ota-gateway:1"
# A gateway that must not change anything shows the same objects, and so does one that may ask for them in clear.
_BESIDE_THE_POINT = {*Pace.model_fields, "read_only", "allow_plain_http"}


def account_of(settings: BackendSettings, endpoint: str) -> str:
    """What stands for a backend's account in keys; `endpoint` is where its vendor is asked."""
    # Secrets are dumped as stars, so that keys tell nothing of them and outlive their rotation.
    told = settings.model_dump(mode="json", exclude=_BESIDE_THE_POINT)
    text = msgspec.json.encode([endpoint, told], order="deterministic")
    return f"{settings.name}:{sha256(text).hexdigest()[:20]}"


def key(account: str, *parts: str) -> str:
    """The name of something of an account."""
    return ":".join((PREFIX, account, *parts))


def short(text: str) -> str:
    """What stands for a text of any length and content in a key."""
    return sha256(text.encode()).hexdigest()[:32]
