"""Access directives: the policies, as far as a federation's router can be told them, printed into the schema's text.

`@authenticated` stands on whatever a supergraph can be entered by: the root fields, and the types that other subgraphs
may lead to. The roles that open a field stand in `@requiresScopes` or `@policy` beside it, one of which has to be had.
The interface Node carries none, and composers have it ask for what all its types ask for: so an entry of the audit has
its roles on its own fields, and not on its type or id.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import orjson
from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    SchemaDefinitionNode,
    parse,
    print_ast,
    value_from_ast_untyped,
)

from gateway.auth.requirements import AUDIT, RAW, Requirements
from gateway.domain.operations import Operation

NOBODY: Final = "ota:nobody"
"""Stands for the roles of a right that no role gives. An empty list would open it to everybody."""

_ROOTS: Final = {"Query", "Mutation", "Subscription"}
_AUTHENTICATED_TYPES: Final = {"OtaTask", "OtaPackage", "OtaExecution", "OtaDevice", "OtaAuditEntry"}
_AUDIT_TYPE: Final = "OtaAuditEntry"
_OF_NODE: Final = "id"
_RIGHTS: Final[dict[tuple[str, str], str]] = {
    ("Mutation", "createOtaTask"): Operation.CREATE_TASK,
    ("Mutation", "updateOtaTask"): Operation.UPDATE_TASK,
    ("Mutation", "confirmOtaTask"): Operation.CONFIRM_TASK,
    ("Mutation", "retryOtaTask"): Operation.RETRY_TASK,
    ("Mutation", "cancelOtaTask"): Operation.CANCEL_TASK,
    ("Mutation", "deleteOtaTask"): Operation.DELETE_TASK,
    ("Mutation", "deleteOtaPackage"): Operation.DELETE_PACKAGE,
    ("Mutation", "cancelDeviceUpgrade"): Operation.CANCEL_EXECUTION,
    ("Mutation", "deleteJobExecution"): Operation.DELETE_EXECUTION,
    ("Query", "auditEntries"): AUDIT,
    ("OtaTask", "raw"): RAW,
    ("OtaPackage", "raw"): RAW,
    ("OtaExecution", "raw"): RAW,
}


def with_access(sdl: str, required: Requirements) -> str:
    """The schema's text, with what is required."""
    document = parse(sdl)
    printing = _Printing(required)
    printed = print_ast(DocumentNode(definitions=tuple(printing.definition(one) for one in document.definitions)))
    return f"{printed}\n"


class _Printing:
    def __init__(self, required: Requirements) -> None:
        self._required = required
        self._name, self._members = ("requiresScopes", "scopes") if required.scopes else ("policy", "policies")
        (self._authenticated,) = _directives("@authenticated")

    def definition(self, node: DefinitionNode) -> DefinitionNode:
        if isinstance(node, SchemaDefinitionNode):
            return replace(node, directives=tuple(self._link(one) for one in node.directives or ()))
        if not isinstance(node, ObjectTypeDefinitionNode):
            return node
        name = node.name.value
        fields = tuple(self._field(name, field) for field in node.fields or ())
        more = (self._authenticated,) if name in _AUTHENTICATED_TYPES else ()
        return replace(node, fields=fields, directives=(*(node.directives or ()), *more))

    def _field(self, parent: str, node: FieldDefinitionNode) -> FieldDefinitionNode:
        more = [self._authenticated] if parent in _ROOTS else []
        right = _RIGHTS.get((parent, node.name.value))
        if parent == _AUDIT_TYPE and node.name.value != _OF_NODE:
            right = AUDIT
        if right is not None:
            more.append(self._one_of(self._required.roles.get(right, (NOBODY,))))
        return replace(node, directives=(*(node.directives or ()), *more)) if more else node

    def _one_of(self, roles: Iterable[str]) -> ConstDirectiveNode:
        alternatives = ", ".join(f"[{_quoted(role)}]" for role in roles)
        (directive,) = _directives(f"@{self._name}({self._members}: [{alternatives}])")
        return directive

    def _link(self, directive: ConstDirectiveNode) -> ConstDirectiveNode:
        """The link to federation, which has to name what is used of it."""
        imported = sorted({*_imported(directive), "@authenticated", f"@{self._name}"})
        names = ", ".join(_quoted(name) for name in imported)
        (made,) = _directives(f"@link(import: [{names}])")
        kept = [one for one in directive.arguments or () if one.name.value != "import"]
        return replace(directive, arguments=(*kept, *(made.arguments or ())))


def _imported(directive: ConstDirectiveNode) -> Iterator[str]:
    for argument in directive.arguments or ():
        if argument.name.value == "import":
            yield from value_from_ast_untyped(argument.value)


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _directives(text: str) -> tuple[ConstDirectiveNode, ...]:
    (definition,) = parse(f"scalar S {text}").definitions
    assert isinstance(definition, ScalarTypeDefinitionNode)  # noqa: S101 - it says so
    return tuple(definition.directives or ())
