"""Writer: valid GraphQL documents over the real schema, drawn by hypothesis.

A response name means one thing in the whole document (a field, its arguments and its type), so that whatever is merged
can be merged: names that would collide are aliased, and the same selection may stand in many places.
"""

from dataclasses import dataclass
from functools import cache

from graphql import (
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)

from tests.plans.arguments import BOOLEAN, ArgumentWriter, Uses
from tests.plans.known import Known
from tests.plans.values import Draw

ALIASES = ("a", "b", "id", "name", "status", "nodes", "_x", "first", "z9")
_WEIGHTS = {
    "nodes": 9,
    "edges": 4,
    "node": 6,
    "executions": 3,
    "usedBy": 3,
    "vendorDetails": 3,
    "raw": 2,
    "results": 4,
    "errors": 3,
    "__schema": 1,
    "_service": 1,
}
_ROOTS = {
    "tasks": 30,
    "packages": 14,
    "executions": 14,
    "task": 10,
    "package": 6,
    "execution": 6,
    "node": 12,
    "nodes": 8,
    "device": 7,
    "backends": 6,
    "backend": 3,
    "auditEntries": 8,
    "_entities": 7,
    "_service": 1,
    "__schema": 1,
    "__type": 2,
}


@dataclass(slots=True, kw_only=True)
class Fragment:
    """A finished fragment; `height` is how deep it goes."""

    name: str
    on: GraphQLCompositeType
    text: str
    height: int
    lists: int
    uses: Uses


@dataclass(frozen=True, slots=True)
class _Written:
    """A field as it stands in a selection set, to be repeated there."""

    head: str
    kind: GraphQLCompositeType
    deeper: int


@dataclass(slots=True)
class _Room:
    """How much may still be written below: levels of nesting, and lists of rows inside lists of rows."""

    depth: int
    lists: int


class Writer(ArgumentWriter):
    """Writes one document's selections; `variables` and `fragments` are what they came to need."""

    def __init__(self, draw: Draw, schema: GraphQLSchema, known: Known, *, fields: int) -> None:
        super().__init__(draw, known)
        self.fragments: dict[str, Fragment] = {}
        self._schema = schema
        self._left = fields
        self._meant: dict[str, tuple[str, str, str]] = {"__typename": ("__typename", "", "String!")}

    # ------------------------------------------------------------------ operations

    def operation(self, root: GraphQLObjectType, *, depth: int) -> tuple[str, Uses]:
        """One operation's selection set, and what it refers to, fragments within fragments included."""
        self._uses.append(Uses())
        text, _ = self._selection_set(root, _Room(depth, 2))
        uses = self._uses.pop()
        waiting = list(uses.fragments)
        while waiting:
            inner = self.fragments[waiting.pop()].uses
            uses.variables |= inner.variables
            waiting += inner.fragments - uses.fragments
            uses.fragments |= inner.fragments
        return text, uses

    # ------------------------------------------------------------------ selections

    def _selection_set(self, on: GraphQLCompositeType, room: _Room) -> tuple[str, int]:
        values = self.values
        parts: list[str] = []
        height = 1
        repeatable: list[_Written] = []
        written: set[str] = set()
        ways = _WAYS_ABSTRACT if is_abstract_type(on) else _WAYS
        for _ in range(1 + values.weighted(_HOW_MANY)):
            if self._left <= 0 and parts:
                break
            way = values.weighted(ways) if self._left > 0 else "leaf"
            if way == "inline" and room.depth > 0:
                part, deep = self._inline_fragment(on, room)
            elif way == "spread" and room.depth > 0:
                part, deep = self._spread(on, room)
            elif way == "again" and repeatable:
                again = values.one_of(repeatable)
                inner, deep = self._selection_set(again.kind, _Room(room.depth - 1, room.lists - again.deeper))
                part, deep = f"{again.head} {inner}", deep + 1
            elif way == "typename":
                part, deep = self._head("__typename", "", "String!") + self._directives(), 1
            else:
                part, deep = self._any_field(on, room, repeatable, written)
            parts.append(part)
            height = max(height, deep)
        return f"{{ {' '.join(parts)} }}", height

    def _any_field(
        self, on: GraphQLCompositeType, room: _Room, repeatable: list[_Written], written: set[str]
    ) -> tuple[str, int]:
        self._left -= 1
        choices = self._choices(on, room)
        if not choices:
            return "__typename", 1
        name, definition = self.values.weighted(choices)
        if name in written and self.values.chance(80):
            # Twice the same is worth trying, and soon boring.
            name, definition = self.values.weighted(choices)
        written.add(name)
        given = self.arguments(on.name, name, definition)
        head = self._head(name, given, str(definition.type))
        kind = get_named_type(definition.type)
        directives = self._directives()
        if not is_composite_type(kind):
            return f"{head}{directives}", 1
        deeper = 1 if _is_list_of_rows(kind.name) else 0
        inner, deep = self._selection_set(kind, _Room(room.depth - 1, room.lists - deeper))
        repeatable.append(_Written(head, kind, deeper))
        return f"{head}{directives} {inner}", deep + 1

    def _choices(self, on: GraphQLCompositeType, room: _Room) -> list[tuple[tuple[str, GraphQLField], int]]:
        if isinstance(on, GraphQLUnionType):
            return []
        found: list[tuple[tuple[str, GraphQLField], int]] = []
        root = on.name == "Query"
        for name, definition in _fields_of(self._schema, on).items():
            kind = get_named_type(definition.type)
            deep = is_composite_type(kind)
            too_much = self._left <= 0 or (room.lists < 1 and _is_list_of_rows(kind.name))
            if deep and (room.depth < 1 or (too_much and not root)):
                continue
            weight = _ROOTS.get(name, 1) if root else _WEIGHTS.get(name, 2 if deep else 1)
            found.append(((name, definition), weight))
        return found

    def _head(self, name: str, given: str, kind: str) -> str:
        """The field with the response name that means it in this document, and nothing else."""
        meaning = (name, given, kind)
        if self.values.chance(15):
            alias = self.values.one_of(ALIASES)
            if self._meant.setdefault(alias, meaning) == meaning:
                return f"{alias}: {name}{given}"
        response = name
        count = 1
        while self._meant.setdefault(response, meaning) != meaning:
            count += 1
            response = f"{name}_{count}"
        return f"{name}{given}" if response == name else f"{response}: {name}{given}"

    def _inline_fragment(self, on: GraphQLCompositeType, room: _Room) -> tuple[str, int]:
        if not is_abstract_type(on) and self.values.chance(30):
            inner, deep = self._selection_set(on, _Room(room.depth, room.lists))
            return f"...{self._directives() or ' @include(if: true)'}{self._deferral(on)} {inner}", deep
        kind = self._overlapping(on)
        inner, deep = self._selection_set(kind, _Room(room.depth, room.lists))
        return f"... on {kind.name}{self._directives()}{self._deferral(kind)} {inner}", deep

    def _overlapping(self, on: GraphQLCompositeType) -> GraphQLCompositeType:
        others = _overlapping(self._schema, on)
        objects = [other for other in others if isinstance(other, GraphQLObjectType)]
        return self.values.one_of(objects if self.values.chance(75) else others)

    def _spread(self, on: GraphQLCompositeType, room: _Room) -> tuple[str, int]:
        fitting = [
            one
            for one in self.fragments.values()
            if one.height <= room.depth + 1 and one.lists <= room.lists and one.on in _overlapping(self._schema, on)
        ]
        if fitting and self.values.chance(60):
            one = self.values.one_of(fitting)
        else:
            kind = self._overlapping(on) if is_abstract_type(on) or self.values.chance(20) else on
            lists = min(room.lists, self.values.number(1))
            self._uses.append(Uses())
            inner, height = self._selection_set(kind, _Room(room.depth, lists))
            name = f"F{len(self.fragments)}"
            one = Fragment(
                name=name,
                on=kind,
                text=f"fragment {name} on {kind.name} {inner}",
                height=height,
                lists=lists,
                uses=self._uses.pop(),
            )
            self.fragments[name] = one
        self._uses[-1].fragments.add(one.name)
        return f"...{one.name}{self._directives()}{self._deferral(one.on)}", one.height

    def _directives(self) -> str:
        if not self.values.chance(12):
            return ""
        several = ("skip", "include") if self.values.chance(15) else (self.values.one_of(("include", "skip")),)
        return "".join(f" @{name}(if: {self._switch(name)})" for name in several)

    def _deferral(self, on: GraphQLCompositeType) -> str:
        """What has no effect on an answer that comes whole. At the root of a change it is not valid."""
        if on.name == "Mutation" or not self.values.chance(20):
            return ""
        return f" @defer(if: {self._switch('include')})" if self.values.chance(30) else " @defer"

    def _switch(self, name: str) -> str:
        if self.values.chance(60):
            return self.variable(BOOLEAN, "@.if", has_default=False)
        return "true" if self.values.chance(75) == (name == "include") else "false"


_HOW_MANY = ((1, 4), (2, 4), (0, 3), (3, 3), (4, 2), (6, 1))
_WAYS = (("field", 74), ("inline", 7), ("spread", 8), ("again", 6), ("typename", 5))
_WAYS_ABSTRACT = (("inline", 50), ("spread", 22), ("field", 16), ("typename", 12))


def _is_list_of_rows(name: str) -> bool:
    return name.endswith("Connection")


@cache
def _overlapping(schema: GraphQLSchema, on: GraphQLCompositeType) -> tuple[GraphQLCompositeType, ...]:
    """Every type that a fragment may name inside `on`, the objects first."""
    mine = set(schema.get_possible_types(on)) if is_abstract_type(on) else {on}
    found = []
    for other in schema.type_map.values():
        if isinstance(other, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            theirs = set(schema.get_possible_types(other)) if is_abstract_type(other) else {other}
            if mine & theirs:
                found.append(other)
    return tuple(sorted(found, key=lambda one: (is_abstract_type(one), one.name)))


@cache
def _fields_of(schema: GraphQLSchema, on: GraphQLObjectType | GraphQLInterfaceType) -> dict[str, GraphQLField]:
    fields = dict(on.fields)
    if on is schema.query_type:
        fields |= {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
    return fields
