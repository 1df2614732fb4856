"""Fields that a list's row may lack: read from the row where it has them, else from a single read, batched."""

from collections.abc import Callable
from typing import Any

import orjson
import strawberry
from strawberry.dataloader import DataLoader
from strawberry.scalars import JSON

from gateway.domain.errors import VendorRejected
from gateway.plans.hints import HINT, PlainRead
from gateway.schema.context import RequestInfo
from gateway.schema.loaders import Loaders

Whole = Callable[[Loaders], DataLoader[Any, Any]]


def whole_task(loaders: Loaders) -> DataLoader[Any, Any]:
    """Where a task's missing attributes are read."""
    return loaders.whole_task


def whole_package(loaders: Loaders) -> DataLoader[Any, Any]:
    """Where a package's missing attributes are read."""
    return loaders.whole_package


def whole_execution(loaders: Loaders) -> DataLoader[Any, Any]:
    """Where an execution's missing attributes are read."""
    return loaders.whole_execution


def may_lack(whole: Whole, graphql_type: Any, description: str, *, shown: Callable[[Any], object] | None = None) -> Any:
    """A field over the attribute of its own name, which a row may lack. `shown` turns the attribute into the answer.

    Without a single read it is answered at once, without a task or a future. An error of that read is raised, so the
    field is null with the error at its path; an object that is gone meanwhile shows null.
    """

    def resolve(root: strawberry.Parent[Any], info: RequestInfo) -> Any:
        return _held_or_read(whole, root, info, shown)

    return strawberry.field(
        resolver=resolve,
        graphql_type=graphql_type,
        description=description,
        metadata={HINT: PlainRead(may_lack=True, shown=shown)},
    )


def _held_or_read(whole: Whole, root: Any, info: RequestInfo, shown: Callable[[Any], object] | None) -> Any:
    name = info.python_name
    if name in root.lacks:
        return _from_single_read(whole(info.context.loaders), root, name, shown)
    value = getattr(root, name)
    return value if shown is None or value is None else shown(value)


async def _from_single_read(
    loader: DataLoader[Any, Any], row: object, name: str, shown: Callable[[Any], object] | None
) -> object:
    found = await loader.load(row)
    value = None if found is None else getattr(found, name)
    return value if shown is None or value is None else shown(value)


def _read(raw: bytes) -> object:
    """Raises VendorRejected for what the vendor's decoder skipped and no reader of JSON takes."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise VendorRejected("The vendor's own JSON of this object is not JSON: it cannot be shown.") from None


def raw_json(whole: Whole) -> Any:
    """The vendor's own JSON of the object, kept as bytes until it is asked for."""

    def resolve(root: strawberry.Parent[Any], info: RequestInfo) -> Any:
        info.context.services.check_raw(info.context.caller, root)
        return _held_or_read(whole, root, info, _read)

    # No hint: whoever reads it is asked about, so that it is no plain read.
    return strawberry.field(
        resolver=resolve,
        graphql_type=JSON | None,
        description="The object in the vendor's own JSON, as it came. Needs the permission `raw`.",
    )
