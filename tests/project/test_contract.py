"""The schema keeps the contract that frontends were written against: contract.graphql beside this file."""

from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    UnionTypeDefinitionNode,
    build_ast_schema,
    find_breaking_changes,
    find_dangerous_changes,
    parse,
    print_ast,
)

from gateway.schema.root import build_schema
from gateway.vendorkit.discovery import installed_vendors

CONTRACT = Path(__file__).with_name("contract.graphql")
VENDORS = 4
TYPES = 103
FIELDS = 580
# What the schema has beyond the contract, beside federation's own; docs/adr says why.
ADDED_VALUES = ("OtaOperation.READ_AUDIT",)
ADDED_FIELDS: tuple[str, ...] = (
    "OtaBackendHealth.circuit",
    "OtaBackendHealth.circuitOpenUntil",
    "OtaBackendHealth.callsUnderWay",
    "OtaBackendHealth.callsWaiting",
    "OtaBackendHealth.retriesLastMinute",
    "OtaBackendHealth.throttledLastMinute",
)
ADDED_TYPES: tuple[str, ...] = ("OtaCircuit",)
DETAILS = ("OtaTaskDetails", "OtaPackageDetails")


def members(node: object) -> int:
    """How many fields, input fields or enum values a definition has."""
    if isinstance(node, EnumTypeDefinitionNode):
        return len(node.values or ())
    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode):
        return len(node.fields or ())
    return 0


def without_vendors(document: DocumentNode, vendors: set[str], details: set[str]) -> str:
    """The contract as text, less the enum values, details types and union members of vendors that are not installed."""
    absent = set()
    for node in document.definitions:
        if isinstance(node, UnionTypeDefinitionNode) and node.name.value in DETAILS:
            absent |= {member.name.value for member in node.types or ()} - details
    kept = []
    for node in document.definitions:
        name = getattr(getattr(node, "name", None), "value", "")
        if name in absent:
            continue
        text = print_ast(node)
        if isinstance(node, EnumTypeDefinitionNode) and name == "OtaVendor":
            text = f"enum {name} {{ {' '.join(v.name.value for v in node.values or () if v.name.value in vendors)} }}"
        elif isinstance(node, UnionTypeDefinitionNode) and name in DETAILS:
            text = f"union {name} = {' | '.join(m.name.value for m in node.types or () if m.name.value not in absent)}"
        kept.append(text)
    return "\n".join(kept)


@pytest.fixture(scope="module")
def contract() -> DocumentNode:
    manifests = installed_vendors().values()
    details = {
        kind.__name__ for one in manifests for kind in (one.task_details, one.package_details) if kind is not None
    }
    return parse(without_vendors(parse(CONTRACT.read_text()), {one.vendor for one in manifests}, details))


@pytest.fixture(scope="module")
def served() -> GraphQLSchema:
    return build_schema()._schema


def test_nothing_the_contract_names_is_missing_or_otherwise(contract: DocumentNode, served: GraphQLSchema) -> None:
    old = build_ast_schema(contract)
    assert [change.description for change in find_breaking_changes(old, served)] == []
    assert [change.description for change in find_dangerous_changes(old, served)] == [
        f"Enum value {name} was added." for name in ADDED_VALUES
    ]


def test_only_absent_vendors_leave_the_contract(contract: DocumentNode) -> None:
    whole = parse(CONTRACT.read_text())
    assert len(whole.definitions) == TYPES
    assert sum(members(node) for node in whole.definitions) == FIELDS
    absent = VENDORS - len(installed_vendors())
    assert len(contract.definitions) == TYPES - absent * len(DETAILS)


def test_the_schema_names_nothing_beyond_the_contract_but_federations_own(
    contract: DocumentNode, served: GraphQLSchema
) -> None:
    beyond = [change.description for change in find_breaking_changes(served, build_ast_schema(contract))]
    federation = ("_", "link__", "Field Query._", "Directive @")
    assert {text for text in beyond if not text.startswith(federation)} == {
        *(f"Enum value {name} was removed." for name in ADDED_VALUES),
        *(f"Field {name} was removed." for name in ADDED_FIELDS),
        *(f"{name} was removed." for name in ADDED_TYPES),
    }
