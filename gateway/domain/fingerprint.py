"""Fingerprints: what tells a caller that the object is still the one that was seen.

`f1.<digest>.<moment>`: a digest over what a list and a single read share and what never changes in an object's life,
then its creation time as the vendor printed it. A list may print seconds where a single read prints milliseconds,
so the time stays readable and is compared at the coarser precision.
"""

from hashlib import blake2b

from gateway.domain.ids import ObjectId, same_generation


def fingerprint(ref: ObjectId, *constant: str) -> str:
    """The fingerprint of the object `ref` names. `constant`: further members that never change while it lives."""
    digest = blake2b("\x00".join((ref.kind, ref.backend, *ref.key, *constant)).encode(), digest_size=9)
    return f"f1.{digest.hexdigest()}.{ref.generation}"


def same_fingerprint(expected: str, found: str) -> bool:
    """Whether a fingerprint seen earlier still fits the one found now."""
    version, _, rest = expected.partition(".")
    digest, _, moment = rest.partition(".")
    found_version, _, found_rest = found.partition(".")
    found_digest, _, found_moment = found_rest.partition(".")
    return (version, digest) == (found_version, found_digest) and same_generation(moment, found_moment)
