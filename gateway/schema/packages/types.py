"""OtaPackage and its connection."""

from datetime import datetime

import strawberry

from gateway.domain.package import Package
from gateway.domain.statuses import PackageKind, PackageStatus
from gateway.domain.task import Task
from gateway.schema.backends.operations import allowed_operations
from gateway.schema.backends.types import OtaBackend
from gateway.schema.connections import DEFAULT_FIRST, After, First, OtaBackendResult, PageInfo, cursor, rows
from gateway.schema.context import RequestInfo
from gateway.schema.lacking import may_lack, raw_json, whole_package
from gateway.schema.node import Node
from gateway.schema.references import TASK_CONNECTION
from gateway.schema.shows import shows
from gateway.schema.vendor_types import OtaPackageDetails
from gateway.services.connection import Connection, Edge


async def _used_by(
    root: strawberry.Parent[Package], info: RequestInfo, first: First = DEFAULT_FIRST, after: After = strawberry.UNSET
) -> Connection[Task]:
    context = info.context
    return await context.services.packages.used_by(context.caller, root, rows(first), cursor(after))


@strawberry.federation.type(
    keys=["id"],
    description="What a task installs. A null field means that the vendor does not say; one that could not be asked "
    "for is null with an error at its path.",
)
class OtaPackage(Node):
    """Over domain.package.Package."""

    is_type_of = shows(Package)
    native_id: str = strawberry.field(description="The vendor's own id.")
    name: str = strawberry.field(description="The vendor's name for it, or nativeId where it has none.")
    version = may_lack(whole_package, str | None, "Its version.")
    backend: OtaBackend = strawberry.field(description="Where it lies.")
    kind: PackageKind = strawberry.field(description="What it replaces on the device.")
    status = may_lack(whole_package, PackageStatus | None, "Whether it may be rolled out.")
    vendor_status = may_lack(whole_package, str | None, "The same, in the vendor's exact spelling.")
    description = may_lack(whole_package, str | None, "What its author wrote.")
    size_bytes = may_lack(whole_package, float | None, "Its size in bytes; a Float, because Int ends at 2 GiB.")
    checksum = may_lack(whole_package, str | None, "Its checksum, as the vendor prints it.")
    product_key = may_lack(whole_package, str | None, "The product it is for, where packages belong to one.")
    created_at = may_lack(whole_package, datetime | None, "When it was created.")
    updated_at = may_lack(whole_package, datetime | None, "When the vendor last changed it.")
    observed_at: datetime = strawberry.field(description="When the gateway last saw this.")
    fingerprint: str = strawberry.field(description="Changes when another object stands under the same key.")
    used_by = strawberry.field(
        resolver=_used_by, graphql_type=TASK_CONNECTION, description="The tasks that install it."
    )
    allowed_operations = allowed_operations()
    if OtaPackageDetails is not None:
        vendor_details = may_lack(whole_package, OtaPackageDetails, "What only its vendor says of it.")
    raw = raw_json(whole_package)


@strawberry.type(description="A row and its cursor.")
class OtaPackageEdge:
    """Over services.connection.Edge."""

    is_type_of = shows(Edge)
    cursor: str = strawberry.field(description="Go on behind this row with it.")
    node: OtaPackage = strawberry.field(description="The package.")


@strawberry.type(description="A page of packages.")
class OtaPackageConnection:
    """Over services.connection.Connection."""

    edges: list[OtaPackageEdge] = strawberry.field(description="The rows with their cursors.")
    nodes: list[OtaPackage] = strawberry.field(description="The rows.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    backends: list[OtaBackendResult] = strawberry.field(description="What each backend contributed.")
