"""Deleting packages."""

import strawberry

from gateway.domain.outcomes import MutationResult
from gateway.schema.changes import FINGERPRINT, ChangeInput, DeletedAnswer, Input
from gateway.schema.context import RequestInfo
from gateway.schema.inputs import wanted
from gateway.services.inputs import DestroyObject


@strawberry.input(description="The package to delete.")
class DeleteOtaPackageInput(ChangeInput):
    """Over services.inputs.DestroyObject."""

    id: strawberry.ID = strawberry.field(description="The package's id.")
    force: bool = strawberry.field(
        default=False, description="Skip the gateway's own search for tasks that use it, never the vendor's."
    )
    expected_fingerprint: str | None = strawberry.field(description=FINGERPRINT)


@strawberry.type(description="What became of deleting a package.")
class DeleteOtaPackagePayload(DeletedAnswer):
    """Over domain.outcomes.MutationResult."""


async def _delete_ota_package(info: RequestInfo, given: Input[DeleteOtaPackageInput]) -> MutationResult:
    """Delete a package."""
    context = info.context
    return await context.services.mutations.delete_package(context.caller, wanted(DestroyObject, given))


@strawberry.type
class PackageMutations:
    """The part of Mutation about packages."""

    delete_ota_package = strawberry.mutation(
        resolver=_delete_ota_package,
        graphql_type=DeleteOtaPackagePayload,
        description="Delete exactly this package. Refused while live tasks use it, and when the search for them could "
        "not finish. AWS IoT: this version only, never the default version or the package above it. Huawei: the file "
        "stays in its bucket.",
    )
