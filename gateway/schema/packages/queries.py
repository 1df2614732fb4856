"""Reading packages."""

from typing import Annotated, Any

import strawberry

from gateway.domain.ids import Kind
from gateway.domain.statuses import PackageKind
from gateway.schema.connections import DEFAULT_FIRST, After, First, cursor, rows
from gateway.schema.context import RequestInfo
from gateway.schema.inputs import wanted
from gateway.schema.node import package_by, usable
from gateway.schema.packages.types import OtaPackage, OtaPackageConnection
from gateway.schema.vendor_types import OtaVendor
from gateway.services.inputs import Direction, PackageFilter, PackageOrder, PackageOrderField


@strawberry.input(description="Which packages. What is left out or null lets everything through.")
class OtaPackageFilter:
    """Over services.inputs.PackageFilter."""

    backends: list[str] | None = strawberry.field(description="Only these backends, by name.")
    vendors: list[str] | None = strawberry.field(
        graphql_type=list[OtaVendor] | None, description="Only backends of these vendors."
    )
    kind: list[PackageKind] | None = strawberry.field(description="Only packages of these kinds.")
    text: str | None = strawberry.field(
        description="Found, ignoring case, in the name or, where the vendor's list has it, in the description."
    )
    product_key: str | None = strawberry.field(description="Only packages for this product.")


@strawberry.input(description="The order of a list of packages.")
class OtaPackageOrder:
    """Over services.inputs.PackageOrder."""

    field: PackageOrderField = strawberry.field(description="Ordered by what.")
    direction: Direction = strawberry.field(default=Direction.DESC, description="Which way.")


def _package(
    info: RequestInfo,
    package_id: Annotated[strawberry.ID, strawberry.argument(name="id", description="A package's id.")],
) -> Any:
    """One package, read together with others of the same request."""
    return package_by(info.context, usable(package_id, Kind.PACKAGE))


def _packages(
    info: RequestInfo,
    first: First = DEFAULT_FIRST,
    after: After = strawberry.UNSET,
    package_filter: Annotated[
        OtaPackageFilter | None, strawberry.argument(name="filter", description="Which packages.")
    ] = strawberry.UNSET,
    order_by: Annotated[
        OtaPackageOrder | None, strawberry.argument(description="In which order; CREATED_AT, DESC if left out.")
    ] = strawberry.UNSET,
) -> Any:
    """A page of packages."""
    context = info.context
    which = wanted(PackageFilter, package_filter) if package_filter else PackageFilter()
    order = wanted(PackageOrder, order_by) if order_by else PackageOrder()
    asked = (rows(first), cursor(after), which, order)
    return context.soonest(lambda caller: context.services.packages.list(caller, *asked))


@strawberry.type
class PackageQueries:
    """The part of Query about packages."""

    package = strawberry.field(
        resolver=_package, graphql_type=OtaPackage | None, description="The package of that id; null if there is none."
    )
    packages = strawberry.field(
        resolver=_packages,
        graphql_type=OtaPackageConnection,
        description="The packages of all backends, newest first unless ordered otherwise. One that cannot be asked is "
        "told of in `backends`; the others still answer.",
    )
