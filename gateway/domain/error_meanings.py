"""What each error code means and what to do about it: told by the schema, and by the list in the documents."""

from typing import Final, NamedTuple

from gateway.domain.errors import ErrorCode


class Meaning(NamedTuple):
    """Both in sentences. `to_do` is for whoever sent the request, or runs the gateway."""

    means: str
    to_do: str


MEANINGS: Final[dict[ErrorCode, Meaning]] = {
    ErrorCode.INVALID_INPUT: Meaning(
        "The input breaks a rule; `path` leads to the field and `rule` says what is accepted. No vendor was called.",
        "Change the input.",
    ),
    ErrorCode.NOT_FOUND: Meaning(
        "No such object in that backend, or none that you may see.",
        "Look it up again; ids of deleted objects stay dead.",
    ),
    ErrorCode.PERMISSION_DENIED: Meaning(
        "The caller, or the vendor account behind the backend, may not do this.",
        "Ask for the right, or use another account.",
    ),
    ErrorCode.UNSUPPORTED_BY_VENDOR: Meaning(
        "The vendor has no such operation; `alternatives` lists what it has instead.",
        "Use an alternative, if there is one.",
    ),
    ErrorCode.INVALID_STATE: Meaning(
        "The object's state does not allow it; `vendorStatus` is the vendor's word for it.",
        "Wait, or repeat with `force: true` where `needsForce` is true.",
    ),
    ErrorCode.IN_USE: Meaning(
        "Live tasks use the package; `usedBy` names them. With `complete: false` the search for more could not finish.",
        "Cancel those tasks, or use `force: true`.",
    ),
    ErrorCode.GENERATION_CHANGED: Meaning(
        "Another object now stands under the key you named. Nothing was done to it.",
        "Read it, and decide again with its own id.",
    ),
    ErrorCode.VERSION_CONFLICT: Meaning(
        "The object changed after you read it, or another change of it is not over.",
        "Read it again and repeat with the new version; where it is retryable, repeat it in a few seconds.",
    ),
    ErrorCode.IDEMPOTENCY_CONFLICT: Meaning(
        "The idempotency key was used for another request, or that request has not ended.",
        "Repeat it in a few seconds where `retryable` is true; else take a new key.",
    ),
    ErrorCode.READ_ONLY: Meaning(
        "The backend is configured `read_only`.", "Change the configuration, if that was not meant."
    ),
    ErrorCode.THROTTLED: Meaning(
        "The vendor, or the budget kept for it, asks to wait. Nothing was changed.",
        "Repeat after `retryAfterSeconds`.",
    ),
    ErrorCode.BACKEND_UNAVAILABLE: Meaning(
        "The backend could not be asked, in the time allowed or at all. Nothing was changed.",
        "Repeat later; other backends still answer.",
    ),
    ErrorCode.VENDOR_REJECTED: Meaning(
        "The vendor said no, or its answer cannot be read; `vendorCode`, `vendorMessage` and `requestId` are its own.",
        "Read the vendor's words; its support can find the request id.",
    ),
    ErrorCode.OUTCOME_UNKNOWN: Meaning(
        "A change was sent and no trustworthy answer came back: it may have happened.",
        "Do not repeat it blindly. Read the object after `checkAfterSeconds`.",
    ),
    ErrorCode.LEDGER_UNAVAILABLE: Meaning(
        "The audit ledger cannot be written, so nothing is changed.", "Restore its database; reads go on."
    ),
}
