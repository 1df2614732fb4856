"""What the mutations share: the members of every input, and of every answer."""

from typing import Annotated, Any, TypeVar

import strawberry

from gateway.domain.ids import decode
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.schema.context import RequestInfo
from gateway.schema.errors import shown_errors

Given = TypeVar("Given")
Input = Annotated[Given, strawberry.argument(name="input", description="What to change, and how.")]

FORCE = "Passed on only where the vendor has such a thing, and never added by the gateway."
FINGERPRINT = "Act only if the object is still the one that was seen with this fingerprint."


@strawberry.input
class ChangeInput:
    """Over services.inputs.Change."""

    reason: str | None = strawberry.field(description="Why; kept in the audit.")
    idempotency_key: str | None = strawberry.field(
        description="The same change under the same key, within 24 hours, is answered from the ledger and not repeated."
    )
    dry_run: bool = strawberry.field(
        default=False, description="Call nothing that changes anything, and fill `preview`."
    )


@strawberry.type(description="What a change would do.")
class OtaPreview:
    """Over domain.outcomes.Preview."""

    affected: list[strawberry.ID] = strawberry.field(description="What it would touch.")
    would_refuse = shown_errors("What would be refused, and why.")
    side_effects: list[str] = strawberry.field(description="What else would happen, or would not, in plain sentences.")


@strawberry.type
class Answer:
    """What every payload has, over domain.outcomes.MutationResult."""

    preview: OtaPreview | None = strawberry.field(description="What would happen; only for a dry run.")
    errors = shown_errors("Why it was refused or failed.")
    audit_entry_id: strawberry.ID | None = strawberry.field(
        description="The audit entry, good for `node`; null where none was written."
    )


@strawberry.type
class OutcomeAnswer(Answer):
    """The payload of a change to one object."""

    outcome: MutationOutcome = strawberry.field(description="What became of it.")


@strawberry.type
class DeletedAnswer(OutcomeAnswer):
    """The payload of a deletion."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The id of what is gone, or is on its way.")


async def task_of(root: strawberry.Parent[MutationResult], info: RequestInfo) -> Any:
    """The task as it was read back, or for a replayed answer as it is now."""
    if root.task is not None or root.task_id is None:
        return root.task
    return await info.context.loaders.task.load(decode(root.task_id))
