"""What manifests add to the schema: toy vendors, their enum, their details types and unions."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import strawberry
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig

from gateway.domain.details import GlobalId, JsonValue
from gateway.schema.scalars import SCALARS
from gateway.schema.vendor_types import VendorTypes, vendor_types
from gateway.vendorkit.manifest import VendorManifest


@dataclass(slots=True, kw_only=True)
class ToyTaskDetails:
    """A toy's
    task.

    What follows is for who maintains it.
    """

    toy_id: GlobalId
    wheels: list[int] = field(metadata={"description": "Their sizes."})
    weight: float | None = None
    note: str | None = None
    extra: JsonValue | None = None
    _secret: str = "s"

    async def read_note(self) -> str:
        return f"read for {self.toy_id}"


@dataclass(slots=True, kw_only=True)
class OtherTaskDetails:
    is_other: bool


def _nothing(*_: object) -> Any:
    raise AssertionError("a schema needs no more of a vendor than its manifest")


TOY = VendorManifest(
    slug="toy",
    vendor="TOY",
    title="Toys",
    capabilities=(),
    settings=_nothing,
    endpoint=_nothing,
    adapter=_nothing,
    simulator=_nothing,
    demo_settings=_nothing,
    task_page_size=1,
    package_page_size=1,
    execution_page_size=1,
    task_details=ToyTaskDetails,
)
OTHER = replace(TOY, slug="other", vendor="OTHER", title="Others", task_details=OtherTaskDetails)


def _schema(types: VendorTypes, details: list[Any]) -> strawberry.Schema:
    def found() -> list[Any]:
        return details

    def vendor() -> str:
        return "TOY"

    @strawberry.type
    class Query:
        found_details = strawberry.field(resolver=found, graphql_type=list[types.task_details])
        vendor_name = strawberry.field(resolver=vendor, graphql_type=types.vendor)

    return strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))


async def test_a_details_class_becomes_a_type_of_its_name_and_members() -> None:
    schema = _schema(vendor_types({"toy": TOY, "other": OTHER}), [])
    printed = print_schema(schema)
    assert "union OtaTaskDetails = ToyTaskDetails | OtherTaskDetails" in printed
    assert '"""A toy\'s task."""\ntype ToyTaskDetails {' in printed
    for line in ("toyId: ID!", "wheels: [Int!]!", "weight: Float", "extra: JSON", '"""Their sizes."""'):
        assert line in printed
    assert "secret" not in printed
    assert '"""Toys"""\n  TOY' in printed


async def test_details_are_told_apart_and_a_member_with_a_reader_is_read() -> None:
    details = [ToyTaskDetails(toy_id=GlobalId("7"), wheels=[1]), OtherTaskDetails(is_other=True)]
    schema = _schema(vendor_types({"toy": TOY, "other": OTHER}), details)
    result = await schema.execute(
        "{ vendorName foundDetails { __typename ... on ToyTaskDetails { toyId wheels note } "
        "... on OtherTaskDetails { isOther } } }"
    )
    assert result.errors is None
    assert result.data == {
        "vendorName": "TOY",
        "foundDetails": [
            {"__typename": "ToyTaskDetails", "toyId": "7", "wheels": [1], "note": "read for 7"},
            {"__typename": "OtherTaskDetails", "isOther": True},
        ],
    }


async def test_a_union_of_one_vendor_is_still_a_union() -> None:
    assert "union OtaTaskDetails = OtherTaskDetails" in print_schema(_schema(vendor_types({"other": OTHER}), []))


def test_without_any_package_details_there_is_no_such_union() -> None:
    assert vendor_types({"toy": TOY}).package_details is None


def test_a_member_that_graphql_cannot_show_is_named() -> None:
    @dataclass
    class BadDetails:
        when: dict[str, str]

    with pytest.raises(TypeError, match=r"BadDetails\.when"):
        vendor_types({"toy": replace(TOY, task_details=BadDetails)})


def test_a_gateway_without_vendors_says_so() -> None:
    with pytest.raises(RuntimeError, match="No vendor is installed"):
        vendor_types({})
