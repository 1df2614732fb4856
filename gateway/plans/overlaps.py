"""Whether fields under one name in an answer could be different fields, found by looking at each set of them once.

The rule of graphql-core compares every field with every other of its name, and so do the selections below them: three
hundred fields take it three quarters of a second. To be alike is transitive, though, so it is enough to compare each
with the first. Two things have to be alike: what the answers look like, whatever the types of the objects; and name and
arguments of fields that could be asked of one object. A list that is streamed may stand alone only.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLStreamDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.validation.rules.overlapping_fields_can_be_merged import get_value_structure

_MOST_LOOKS: Final = 50_000

_Set = tuple[GraphQLNamedType | None, SelectionSetNode]
_Asked = tuple[GraphQLNamedType | None, FieldNode, Any]
"""A field: the type it is asked of, its node, and the type of its value, None where there is no such field."""


def may_overlap(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Whether fields of a document conflict, or too many would have to be looked at to know.

    The document has passed the other rules: there are no circles of fragments.
    """
    looking = _Looking(schema, document)
    try:
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                kind: GraphQLNamedType | None = schema.get_root_type(definition.operation)
            elif isinstance(definition, FragmentDefinitionNode):
                kind = schema.get_type(definition.type_condition.name.value)
            else:
                continue
            looking.at([(kind, definition.selection_set)])
    except _Overlap:
        return True
    return False


class _Overlap(Exception):
    pass


class _Looking:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._seen: set[tuple[Callable[..., object], frozenset[int]]] = set()
        self._signatures: dict[int, tuple[str, str]] = {}
        self._left = _MOST_LOOKS

    def at(self, sets: list[_Set]) -> None:
        """Look at selections that are merged, and at all below them. Raises _Overlap."""
        self._same_shape(sets)
        self._same_fields(sets)

    def _same_shape(self, sets: list[_Set]) -> None:
        for fields in self._by_key(self._same_shape, sets):
            if len(fields) > 1 and len({_shape(value) for _, _, value in fields if value is not None}) > 1:
                raise _Overlap
            if len(fields) > 1 and any(_streams(node) for _, node, _ in fields):
                raise _Overlap
            self._below(self._same_shape, fields)

    def _same_fields(self, sets: list[_Set]) -> None:
        for fields in self._by_key(self._same_fields, sets):
            for alternative in _of_one_object(fields):
                if len(alternative) > 1 and len({self._signature(node) for _, node, _ in alternative}) > 1:
                    raise _Overlap
                self._below(self._same_fields, alternative)

    def _signature(self, node: FieldNode) -> tuple[str, str]:
        known = self._signatures.get(id(node))
        if known is None:
            given = sorted((one.name.value, repr(get_value_structure(one.value, []))) for one in node.arguments or ())
            known = self._signatures[id(node)] = (node.name.value, repr(given))
        return known

    def _below(self, look: Callable[[list[_Set]], None], fields: list[_Asked]) -> None:
        below: list[_Set] = [
            (get_named_type(value), node.selection_set) for _, node, value in fields if node.selection_set
        ]
        if below:
            look(below)

    def _by_key(self, look: Callable[..., object], sets: list[_Set]) -> Iterable[list[_Asked]]:
        key = (look, frozenset(id(selection_set) for _, selection_set in sets))
        if key in self._seen:
            return ()
        self._seen.add(key)
        groups: dict[str, list[_Asked]] = {}
        spread: set[str] = set()
        for kind, selection_set in sets:
            for asked in self._fields(kind, selection_set, spread):
                self._left -= 1
                if self._left < 0:
                    raise _Overlap
                node = asked[1]
                groups.setdefault((node.alias or node.name).value, []).append(asked)
        return groups.values()

    def _fields(
        self, kind: GraphQLNamedType | None, selection_set: SelectionSetNode, spread: set[str]
    ) -> Iterator[_Asked]:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                # As graphql-core has it: __typename is no field of a type's own, and is not compared by its type.
                definition = getattr(kind, "fields", {}).get(selection.name.value)
                yield kind, selection, None if definition is None else definition.type
                continue
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                fragment: FragmentDefinitionNode | InlineFragmentNode | None = self._fragments.get(name)
                if fragment is None or name in spread:
                    continue
                spread.add(name)
            else:
                assert isinstance(selection, InlineFragmentNode)  # noqa: S101 - there is no fourth sort of selection
                fragment = selection
            condition = fragment.type_condition
            inner = kind if condition is None else self._schema.get_type(condition.name.value)
            yield from self._fields(inner, fragment.selection_set, spread)


def _streams(node: FieldNode) -> bool:
    return any(directive.name.value == GraphQLStreamDirective.name for directive in node.directives or ())


def _of_one_object(fields: list[_Asked]) -> Iterable[list[_Asked]]:
    """The fields that one object could be asked for: those of its type, and those of interfaces and unions."""
    if len(fields) == 1:
        return (fields,)
    kinds = {kind for kind, _, _ in fields if is_object_type(kind)}
    if len(kinds) < 2:
        return (fields,)
    return [[one for one in fields if one[0] is kind or not is_object_type(one[0])] for kind in kinds]


def _shape(value: Any) -> tuple[str, object]:
    """Lists and non-nulls around a type, and the type itself where it is no object: those are looked into."""
    around = ""
    while is_list_type(value) or is_non_null_type(value):
        around += "[" if is_list_type(value) else "!"
        value = value.of_type
    return around, value.name if is_leaf_type(value) else None
