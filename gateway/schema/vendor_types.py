"""What the installed vendors add to the schema: the values of OtaVendor, and the members of the details unions.

Names are the manifests' own. A vendor's details dataclass becomes a GraphQL type of the class's name; a field `x`
beside an async method `read_x` is read through it. The first paragraph of the class's docstring and a field's
`metadata["description"]` are what GraphiQL shows.
"""

import dataclasses
import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from enum import EnumMeta, StrEnum
from functools import reduce
from operator import or_
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import strawberry
from strawberry.scalars import JSON

from gateway.domain.details import GlobalId, JsonValue
from gateway.schema.enums import describe_values
from gateway.schema.shows import shows
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.manifest import VendorManifest

_LEAVES: dict[object, object] = {str: str, int: int, float: float, bool: bool, GlobalId: strawberry.ID, JsonValue: JSON}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VendorTypes:
    """`vendor` is the enum. A details union is None where no vendor has such details; its field is then left out."""

    vendor: Any
    task_details: Any
    package_details: Any


def vendor_types(manifests: Mapping[str, VendorManifest]) -> VendorTypes:
    """The types for these manifests. Raises RuntimeError for none at all, TypeError for details it cannot show."""
    if not manifests:
        raise RuntimeError("No vendor is installed: gateway/vendors is empty and no package offers one.")
    installed = list(manifests.values())
    return VendorTypes(
        vendor=_vendor_enum(installed),
        task_details=_union(
            "OtaTaskDetails",
            "What only the task's own vendor says of it.",
            (manifest.task_details for manifest in installed),
        ),
        package_details=_union(
            "OtaPackageDetails",
            "What only the package's own vendor says of it.",
            (manifest.package_details for manifest in installed),
        ),
    )


def _vendor_enum(installed: Iterable[VendorManifest]) -> Any:
    titles = {manifest.vendor: manifest.title for manifest in installed}
    members = EnumMeta.__prepare__("OtaVendor", (StrEnum,))
    for value in titles:
        members[value] = value
    enum = EnumMeta("OtaVendor", (StrEnum,), members)
    strawberry.enum(enum, description="The clouds that the gateway can ask.")
    describe_values(enum, titles)
    return enum


def _union(name: str, description: str, classes: Iterable[type | None]) -> Any:
    members = [details_type(kind) for kind in classes if kind is not None]
    if not members:
        return None
    either: Any = reduce(or_, members)
    return Annotated[either, strawberry.union(name, description=description)] | None


def details_type(details: type) -> type:
    """The GraphQL type over a vendor's details dataclass. Raises TypeError for a field that GraphQL cannot show."""
    if not dataclasses.is_dataclass(details):
        raise TypeError(f"{details.__name__} is to be shown as details and is not a dataclass.")
    hints = get_type_hints(details)
    members: dict[str, Any] = {
        field.name: _field(details, field, hints[field.name])
        for field in dataclasses.fields(details)
        if not field.name.startswith("_")
    }
    shown = type(details.__name__, (), {"__module__": __name__, "is_type_of": shows(details), **members})
    description = (inspect.getdoc(details) or "").split("\n\n", 1)[0].replace("\n", " ")
    return strawberry.type(shown, description=description or None)


def _field(details: type, field: "dataclasses.Field[Any]", hint: object) -> Any:
    graphql_type = _graphql_type(hint, f"{details.__name__}.{field.name}")
    description = field.metadata.get("description")
    reader = f"read_{field.name}"
    if not hasattr(details, reader):
        return strawberry.field(graphql_type=graphql_type, description=description)
    return strawberry.field(resolver=_reading(reader), graphql_type=graphql_type, description=description)


def _reading(reader: str) -> Callable[..., Any]:
    async def resolve(root: strawberry.Parent[Any]) -> Any:
        return await getattr(root, reader)()

    return resolve


def _graphql_type(hint: object, where: str) -> Any:
    if hint in _LEAVES:
        return _LEAVES[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is list:
        return types.GenericAlias(list, (_graphql_type(arguments[0], where),))
    if origin in (Union, types.UnionType) and len(arguments) == 2 and types.NoneType in arguments:
        inner = next(argument for argument in arguments if argument is not types.NoneType)
        return _graphql_type(inner, where) | None
    raise TypeError(f"{where} is {hint}. Details may hold str, int, float, bool, GlobalId, JsonValue, lists, or None.")


_INSTALLED = vendor_types(installed_vendors())
OtaVendor = _INSTALLED.vendor
OtaTaskDetails = _INSTALLED.task_details
OtaPackageDetails = _INSTALLED.package_details
