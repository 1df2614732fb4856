"""What the changes that destroy or alter one object have in common, asked of any of them."""

from typing import Any

from tests.support.simulated_gateway import SimulatedBackend, SimulatedGateway

STALE_FINGERPRINT = "0" * 16


async def previews_without_changing(
    gateway: SimulatedGateway, backend: SimulatedBackend, name: str, writes: tuple[str, ...], **members: Any
) -> dict[str, Any]:
    """A dry run: previewed, audited, and no write reached the vendor. Gives the preview."""
    before = {operation: backend.called(operation) for operation in writes}
    payload = await gateway.change(name, dryRun=True, reason="only looking", **members)
    assert payload.get("outcome", "PREVIEWED") == "PREVIEWED"
    assert payload["errors"] == []
    assert {operation: backend.called(operation) for operation in writes} == before
    entry = await gateway.audited(payload["auditEntryId"])
    assert (entry["state"], entry["outcome"], entry["reason"]) == ("CLOSED", "PREVIEWED", "only looking")
    preview: dict[str, Any] = payload["preview"]
    return preview


async def refuses_a_stale_fingerprint(
    gateway: SimulatedGateway, backend: SimulatedBackend, name: str, writes: tuple[str, ...], **members: Any
) -> None:
    """Another fingerprint than the object's: GENERATION_CHANGED, and no write."""
    before = {operation: backend.called(operation) for operation in writes}
    payload = await gateway.change(name, expectedFingerprint=STALE_FINGERPRINT, **members)
    (error,) = payload["errors"]
    assert payload["outcome"] == "REFUSED"
    assert error["__typename"] == "OtaGenerationChanged"
    assert error["expected"] == STALE_FINGERPRINT
    assert error["found"]
    assert {operation: backend.called(operation) for operation in writes} == before


async def replays_and_conflicts(
    gateway: SimulatedGateway, name: str, first: dict[str, Any], key: str, other: dict[str, Any], **members: Any
) -> None:
    """The same change under the same key: the first answer again and no call. Another change under it: a conflict."""
    before = gateway.calls
    again = await gateway.change(name, idempotencyKey=key, **members)
    for member in ("outcome", "deletedId", "auditEntryId", "errors"):
        assert again.get(member) == first.get(member), member
    shown = gateway.calls
    conflict = await gateway.change(name, idempotencyKey=key, **{**members, **other})
    assert [error["code"] for error in conflict["errors"]] == ["IDEMPOTENCY_CONFLICT"]
    assert gateway.calls == shown
    # A replayed task is shown as it is now, which may take a read; nothing else is asked.
    assert shown - before <= (2 if "task" in first else 0)


async def is_audited(
    gateway: SimulatedGateway, payload: dict[str, Any], operation: str, outcome: str
) -> dict[str, Any]:
    """The closed entry of a change, with what stood there before."""
    entry = await gateway.audited(payload["auditEntryId"])
    assert (entry["state"], entry["operation"], entry["outcome"]) == ("CLOSED", operation, outcome)
    assert entry["before"]
    return entry
