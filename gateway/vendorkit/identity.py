"""Identity: the part of a mapped object that stays the same while it lives, so that mapping need not make it twice.

The rows of a list that is polled are, but for their status, those of the last poll.
"""

from datetime import datetime
from typing import NamedTuple

from gateway.domain.fingerprint import fingerprint
from gateway.domain.ids import ObjectId, encode

# Rows remembered by a mapping that keeps identities: the tasks of a few large backends, in a few megabytes.
REMEMBERED = 8192


class Identity(NamedTuple):
    """What an object is called. `began` is the moment it was created or queued, where the vendor says it."""

    ref: ObjectId
    id: str
    fingerprint: str
    began: datetime | None


def identity(ref: ObjectId, *constant: str, began: datetime | None = None) -> Identity:
    """The identity of what `ref` names; `constant` as in `fingerprint`."""
    return Identity(ref, encode(ref), fingerprint(ref, *constant), began)
