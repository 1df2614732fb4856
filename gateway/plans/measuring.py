"""What a document comes to, each fragment measured once and counted wherever it is spread.

Thirty fragments that each spread the next one twice are a thousand million fields and one page of text; here they
cost thirty additions.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
)

from gateway.domain.limits import Limits
from gateway.plans.limits import check

_EXPLORING = {"__schema", "__type", "_service"}


@dataclass(frozen=True, slots=True)
class Measured:
    """`fragments` are in the order in which each stands after all that it spreads; circles are cut.

    `exploring` are the fields that ask what the schema itself is.
    """

    fragments: list[FragmentDefinitionNode]
    exploring: list[FieldNode]


@dataclass(slots=True)
class _Size:
    """Of a selection, with what its fragments hold. `fields` are those of its own level."""

    selections: int = 0
    aliases: int = 0
    fields: int = 0
    depth: int = 1


def measured(document: DocumentNode, limits: Limits) -> Measured:
    """Measure a document. Raises GraphQLError where it is beyond a limit."""
    check(limits, "definitions", len(document.definitions))
    found = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    fragments = list(_inner_first(found))
    measure = _Measure(limits)
    for fragment in fragments:
        measure.of_fragment(fragment)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            measure.of_operation(operation)
    return Measured(fragments, measure.exploring)


def _inner_first(found: dict[str, FragmentDefinitionNode]) -> Iterator[FragmentDefinitionNode]:
    entered: set[str] = set()
    for root, fragment in found.items():
        if root in entered:
            continue
        entered.add(root)
        path = [(root, _spreads(fragment.selection_set))]
        while path:
            name, spreads = path[-1]
            below = next((one for one in spreads if one in found and one not in entered), None)
            if below is None:
                path.pop()
                yield found[name]
            else:
                entered.add(below)
                path.append((below, _spreads(found[below].selection_set)))


def _spreads(selection_set: SelectionSetNode) -> Iterator[str]:
    waiting = [selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                yield selection.name.value
            elif inner := getattr(selection, "selection_set", None):
                waiting.append(inner)


class _Measure:
    def __init__(self, limits: Limits) -> None:
        self.exploring: list[FieldNode] = []
        self._limits = limits
        self._fragments: dict[str, _Size] = {}

    def of_fragment(self, fragment: FragmentDefinitionNode) -> None:
        size = self._level(fragment.selection_set, Counter())
        self._check(size, fragment)
        self._fragments[fragment.name.value] = size

    def of_operation(self, operation: OperationDefinitionNode) -> None:
        definitions = operation.variable_definitions or ()
        check(self._limits, "variables", len(definitions), where=[operation])
        for definition in definitions:
            if definition.default_value is not None:
                self._value(definition.default_value, 0)
        size = self._level(operation.selection_set, Counter())
        self._check(size, operation)
        check(self._limits, "root_fields", size.fields, where=[operation])

    def _check(self, size: _Size, where: FragmentDefinitionNode | OperationDefinitionNode) -> None:
        for name in ("depth", "selections", "aliases"):
            check(self._limits, name, getattr(size, name), where=[where])

    def _level(self, selection_set: SelectionSetNode, keys: Counter[str]) -> _Size:
        size = _Size()
        for selection in selection_set.selections:
            size.selections += 1
            if isinstance(selection, FieldNode):
                self._field(selection, size, keys)
                continue
            if isinstance(selection, FragmentSpreadNode):
                # An unknown one, and one that closes a circle, is what validation tells of.
                inner = self._fragments.get(selection.name.value) or _Size()
            else:
                inner = self._level(selection.selection_set, keys)  # type: ignore[attr-defined]
            size.fields += inner.fields
            _add(size, inner)
        return size

    def _field(self, field: FieldNode, size: _Size, keys: Counter[str]) -> None:
        size.fields += 1
        size.aliases += field.alias is not None
        key = (field.alias or field.name).value
        keys[key] += 1
        check(self._limits, "repeats", keys[key], where=[field])
        if field.name.value in _EXPLORING:
            self.exploring.append(field)
        for argument in field.arguments or ():
            self._value(argument.value, 0)
        if field.selection_set is not None:
            _add(size, self._level(field.selection_set, Counter()))

    def _value(self, value: ValueNode, depth: int) -> None:
        if isinstance(value, ListValueNode):
            check(self._limits, "list_length", len(value.values), where=[value])
            parts = value.values
        elif isinstance(value, ObjectValueNode):
            parts = tuple(field.value for field in value.fields)
        else:
            return
        check(self._limits, "value_depth", depth + 1, where=[value])
        for part in parts:
            self._value(part, depth + 1)


def _add(size: _Size, inner: _Size) -> None:
    size.selections += inner.selections
    size.aliases += inner.aliases
    size.depth = max(size.depth, inner.depth + 1)
