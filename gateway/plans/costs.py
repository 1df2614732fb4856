"""Costs: how many objects an operation may bring back, worked out with the document and filled in by its variables.

An object counts once, and everything inside a list as often as the list is asked to be long: `first` of a connection
for its `edges` and `nodes`, the number of entries for fields that are given a list, the targets of a change for its
`results`. Lists whose length only the vendor knows count once; those of the schema's own description have the length
that they have on the average. A value under an alias counts as an object, since there could be any number of it. What
is deferred counts ten objects more for each place it is deferred at: an answer of its own is so much work.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from graphql import (
    GRAPHQL_MAX_INT,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLDeferDirective,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    value_from_ast_untyped,
)

_PAGE: Final = "first"
_BY_SIZE: Final = {"edges", "nodes", "results"}
"""The lists of a connection or a payload that are as long as was asked for."""
_DEFERRED: Final = 10


@dataclass(frozen=True, slots=True)
class _Given:
    """A number that a variable decides: itself, or the length of what it holds. `otherwise` stands for its absence."""

    name: str
    otherwise: int

    def of(self, variables: Mapping[str, Any]) -> int:
        return _amount(variables.get(self.name), self.otherwise)


_Sum = dict[tuple[_Given, ...], int]
"""Products of numbers that variables decide, each with how often it counts; the empty product is one."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of an operation: what it is whatever the variables, and what they add."""

    fixed: int
    terms: tuple[tuple[int, tuple[_Given, ...]], ...]

    def of(self, variables: Mapping[str, Any] | None) -> int:
        """How many objects may come back under these variables, as they were sent."""
        given = variables or {}
        return self.fixed + sum(times * prod(one.of(given) for one in factors) for times, factors in self.terms)


class Costs:
    """Works out the costs of a document's operations. What does not fit the schema counts nothing."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._on_average = _on_average(schema)

    def of(self, operation: OperationDefinitionNode, fragments: Mapping[str, "_Part"]) -> Cost:
        """The cost of one operation. `fragments` are the parts of its document's fragments."""
        defaults = {
            one.variable.name.value: _amount(value_from_ast_untyped(one.default_value), 0)
            for one in operation.variable_definitions or ()
            if one.default_value is not None
        }
        root = self._schema.get_root_type(operation.operation)
        part = self._part(root, operation.selection_set, fragments)
        whole = _plus(part.own, part.listed)
        terms: dict[tuple[_Given, ...], int] = {}
        for factors, times in whole.items():
            filled = tuple(_Given(one.name, defaults.get(one.name, one.otherwise)) for one in factors)
            terms[filled] = terms.get(filled, 0) + times
        return Cost(terms.pop((), 0), tuple((times, factors) for factors, times in terms.items()))

    def parts(self, fragments: list[FragmentDefinitionNode]) -> dict[str, "_Part"]:
        """What each fragment holds; they come in the order in which each stands after all that it spreads."""
        found: dict[str, _Part] = {}
        for fragment in fragments:
            kind = self._composite(fragment.type_condition.name.value)
            found[fragment.name.value] = self._part(kind, fragment.selection_set, found)
        return found

    def _composite(self, name: str) -> GraphQLNamedType | None:
        kind = self._schema.get_type(name)
        return kind if is_composite_type(kind) else None

    def _part(
        self, kind: GraphQLNamedType | None, selection_set: SelectionSetNode, fragments: Mapping[str, "_Part"]
    ) -> "_Part":
        own: _Sum = {}
        listed: _Sum = {}
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                definition = None if kind is None else self._schema.get_field(kind, selection.name.value)  # type: ignore[arg-type]
                if kind is not None and definition is not None:
                    counted = self._field(kind, definition, selection, fragments)
                    sized = selection.name.value in _BY_SIZE and is_list_type(get_nullable_type(definition.type))
                    _add(listed if sized else own, counted)
                continue
            if isinstance(selection, FragmentSpreadNode):
                inner = fragments.get(selection.name.value, _NOTHING)
            else:
                condition = selection.type_condition  # type: ignore[attr-defined]
                inner_kind = kind if condition is None else self._composite(condition.name.value)
                inner = self._part(inner_kind, selection.selection_set, fragments)  # type: ignore[attr-defined]
            _add(own, inner.own)
            _add(listed, inner.listed)
            if selection.directives and _defers(selection):
                _add(own, {(): _DEFERRED})
        return _Part(own, listed)

    def _field(
        self, parent: GraphQLNamedType, definition: GraphQLField, node: FieldNode, fragments: Mapping[str, "_Part"]
    ) -> _Sum:
        kind = get_named_type(definition.type)
        if is_leaf_type(kind) or node.selection_set is None:
            return {(): 1} if node.alias is not None else {}
        inner = self._part(kind, node.selection_set, fragments)
        size = self._size(parent, definition, node)
        if not is_list_type(get_nullable_type(definition.type)):
            below = inner.listed if size is None else _times(size, inner.listed)
            return _plus({(): 1}, inner.own, below)
        one = _plus({(): 1}, inner.own, inner.listed)
        average = self._on_average.get((parent.name, node.name.value))
        if size is None:
            return one if average is None else _times({(): average}, one)
        return _times(size, one)

    def _size(self, parent: GraphQLNamedType, definition: GraphQLField, node: FieldNode) -> _Sum | None:
        """How long the lists are that the field's arguments ask for; None where they ask for no length."""
        given = {one.name.value: one.value for one in node.arguments or ()}
        page = definition.args.get(_PAGE)
        if page is not None:
            default = page.default_value if isinstance(page.default_value, int) else 1
            return _asked(given.get(_PAGE), default)
        if parent is self._schema.mutation_type:
            return _plus({(): 1}, *(_asked(value, 0) for value in given.values()))
        lists = [name for name, argument in definition.args.items() if is_list_type(get_nullable_type(argument.type))]
        if lists and is_list_type(get_nullable_type(definition.type)):
            return _plus(*(_asked(given.get(name), 0) for name in lists))
        return None


@dataclass(frozen=True, slots=True)
class _Part:
    """What a selection counts: `own` once for the object it is asked of, `listed` once for each row asked for there."""

    own: _Sum
    listed: _Sum


_NOTHING: Final = _Part({}, {})


def _defers(selection: SelectionNode) -> bool:
    """Whether a selection may be deferred. A condition is not looked at: it may be a variable."""
    return any(directive.name.value == GraphQLDeferDirective.name for directive in selection.directives or ())


def _asked(value: ValueNode | None, otherwise: int) -> _Sum:
    if isinstance(value, VariableNode):
        return {(_Given(value.name.value, otherwise),): 1}
    if isinstance(value, IntValueNode):
        return {(): _amount(int(value.value[:20]), otherwise)}
    if isinstance(value, ListValueNode):
        return {(): len(value.values)}
    if isinstance(value, ObjectValueNode):
        lists = (ListValueNode, ObjectValueNode, VariableNode)
        return _plus(*(_asked(one.value, 0) for one in value.fields if isinstance(one.value, lists)))
    if value is None or isinstance(value, NullValueNode):
        return {(): otherwise}
    return {(): 1}


def _amount(value: Any, otherwise: int) -> int:
    """As `_asked`, of a value in JSON. A single value where a list is expected is a list of one."""
    if isinstance(value, list):
        return len(value)
    if isinstance(value, dict):
        return sum(_amount(one, 0) for one in value.values() if isinstance(one, list | dict))
    if isinstance(value, str):
        return 1
    # What is no Int is refused as such.
    return value if isinstance(value, int) and 0 <= value <= GRAPHQL_MAX_INT else otherwise


def _plus(*sums: _Sum) -> _Sum:
    whole: _Sum = {}
    for one in sums:
        _add(whole, one)
    return whole


def _add(to: _Sum, more: _Sum) -> None:
    for factors, times in more.items():
        to[factors] = to.get(factors, 0) + times


def _times(size: _Sum, one: _Sum) -> _Sum:
    whole: _Sum = {}
    for left, many in size.items():
        for right, times in one.items():
            factors = left + right
            whole[factors] = whole.get(factors, 0) + many * times
    return whole


def _on_average(schema: GraphQLSchema) -> dict[tuple[str, str], int]:
    """How long the lists of the schema's own description are, rounded up."""
    types = list(schema.type_map.values())
    fields = [field for kind in types for field in getattr(kind, "fields", {}).values()]

    def each(having: list[Any], count: Callable[[Any], int]) -> int:
        return -(-sum(map(count, having)) // max(1, len(having)))

    return {
        ("__Schema", "types"): len(types),
        ("__Schema", "directives"): len(schema.directives),
        ("__Type", "fields"): each(types, lambda kind: len(getattr(kind, "fields", ()))),
        ("__Type", "inputFields"): each(types, lambda kind: len(getattr(kind, "fields", ()))),
        ("__Type", "enumValues"): each(types, lambda kind: len(getattr(kind, "values", ()))),
        ("__Type", "interfaces"): each(types, lambda kind: len(getattr(kind, "interfaces", ()))),
        ("__Type", "possibleTypes"): each(types, lambda kind: len(getattr(kind, "types", ()))),
        ("__Field", "args"): each(fields, lambda field: len(getattr(field, "args", ()))),
        ("__Directive", "args"): each(list(schema.directives), lambda one: len(one.args)),
    }
