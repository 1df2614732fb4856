"""Plain code: a Python function, generated for a selection, that turns an object or a list of them into the answer.

It reads attributes only, in any order and with no effect, and is exact or fails: what it is not sure of makes it raise
(NotPlain, or whatever comes of it), and its caller has graphql-core complete the same value from the start.

The text of a function depends on the selection's shape alone: response keys, classes and dispatch tables are passed
in. So equal shapes share one compilation, also under aliases never seen before.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from strawberry.types.field import StrawberryField

from gateway.plans.hints import HINT, NotPlain, PlainRead, shown_kind
from gateway.plans.kinds import kinds_of
from gateway.plans.leaves import SHARED_NAMES, scalar_test, shown_enum
from gateway.plans.prints import Selected, keeps_memo, printed
from gateway.plans.selections import Selections

Reader = Callable[[Any], Any]

_INDENT = "    "
_MOST_STATEMENTS = 1_000
_LONGEST_KEPT_TEXT = 10_000


class Unplannable(Exception):
    """The selection holds what cannot be read from attributes; the message says what."""


class PlainCode:
    """The code of one function over `source`, written statement by statement."""

    def __init__(self, selections: Selections) -> None:
        self._selections = selections
        self._lines: list[str] = []
        self._depth = 2
        self._written = 0
        self._locals = 0
        self._passed: list[Any] = []
        self._names: dict[object, str] = {}

    @classmethod
    def of_value(cls, selections: Selections, return_type: GraphQLOutputType, details: FieldDetailsList) -> Reader:
        """A reader of a whole value, null included. Raises Unplannable."""
        code = cls(selections)
        code.line(f"return {code.value('source', return_type, details)}")
        return code.function()

    @classmethod
    def of_fields(
        cls, selections: Selections, parent: GraphQLObjectType, fields: GroupedFieldSet
    ) -> tuple[Reader, list[str]]:
        """A reader of an object's plain fields, and the keys of the others, for which null stands in their places."""
        code = cls(selections)
        members: list[str] = []
        others: list[str] = []
        lacking = code.lacking(parent, fields)
        for key, details in fields.items():
            written = len(code._lines)
            try:
                shown = code.field("source", parent, details)
            except Unplannable:
                del code._lines[written:]
                code._depth = 2
                others.append(key)
                shown = "None"
            members.append(f"{code.passed(key)}: {shown}")
        if lacking:
            code._lines.insert(0, f"{_INDENT * 2}{lacking}")
        code.line(f"return {{{', '.join(members)}}}")
        return code.function(), others

    # ------------------------------------------------------------------ values

    def value(self, value: str, return_type: GraphQLOutputType, details: FieldDetailsList) -> str:
        """Statements that complete the local `value`; the answer is the expression to use then."""
        inner = return_type.of_type if is_non_null_type(return_type) else return_type
        if isinstance(inner, GraphQLScalarType):
            return self._scalar(value, inner, nullable=inner is return_type)
        if isinstance(inner, GraphQLEnumType):
            return self._enum(value, inner, nullable=inner is return_type)
        if inner is not return_type:
            return self._composite(value, inner, details)
        shown = self.local()
        self.line(f"{shown} = None")
        self.line(f"if {value} is not None:")
        self._depth += 1
        self.line(f"{shown} = {self._composite(value, inner, details)}")
        self._depth -= 1
        return shown

    def _composite(self, value: str, inner: GraphQLOutputType, details: FieldDetailsList) -> str:
        if is_list_type(inner):
            return self._list(value, inner.of_type, details)
        if is_object_type(inner):
            return self._object(value, inner, details)
        if is_abstract_type(inner):
            return self._abstract(value, inner, details)
        raise Unplannable(f"{inner}")

    def _scalar(self, value: str, scalar: GraphQLScalarType, *, nullable: bool) -> str:
        test = scalar_test(scalar)
        if test is None:
            raise Unplannable(f"scalar {scalar.name} is printed by code of its own")
        test = test.format(value)
        self.line(f"if {value} is not None and ({test}): raise NotPlain" if nullable else f"if {test}: raise NotPlain")
        return value

    def _enum(self, value: str, enum: GraphQLEnumType, *, nullable: bool) -> str:
        shown = shown_enum(enum)
        if shown is None:
            raise Unplannable(f"enum {enum.name} is declared over no Python enum")
        by_name = f"{self.passed(shown.names)}[{value}]"
        if shown.own_names:
            by_name = f"{value}._name_ if {value}.__class__ is {self.passed(shown.kind)} else {by_name}"
        result = self.local()
        self.line(f"{result} = {f'None if {value} is None else ({by_name})' if nullable else by_name}")
        return result

    def _list(self, value: str, item_type: GraphQLOutputType, details: FieldDetailsList) -> str:
        items, item = self.local(), self.local()
        self.line(f"if {value}.__class__ is not list and {value}.__class__ is not tuple: raise NotPlain")
        self.line(f"{items} = []")
        self.line(f"for {item} in {value}:")
        self._depth += 1
        self.line(f"{items}.append({self.value(item, item_type, details)})")
        self._depth -= 1
        return items

    def _object(self, value: str, kind: GraphQLObjectType, details: FieldDetailsList) -> str:
        if kind.is_type_of is not None:
            shown = shown_kind(kind.is_type_of)
            if shown is None:
                raise Unplannable(f"type {kind.name} recognises its objects by code of its own")
            self.line(f"if {self._kind_of(value, shown[1])} is not {self.passed(shown[0])}: raise NotPlain")
            if keeps_memo(shown[0]):
                return self._printed(value, kind, self._selections.below(kind, details))
        elif kind.name.startswith("__"):
            raise Unplannable(f"type {kind.name} is graphql-core's own")
        return self._fields(value, kind, self._selections.below(kind, details))

    def _printed(self, value: str, kind: GraphQLObjectType, fields: GroupedFieldSet) -> str:
        """As `_fields`, from the object's memo where that has its text."""
        memo, shown, key = self.local(), self.local(), self.passed(Selected())
        self.line(f"{memo} = {value}.memo")
        self.line(f"{shown} = {memo}.get({key}) if {memo}.__class__ is dict else None")
        self.line(f"if {shown} is None:")
        self._depth += 1
        self.line(f"{shown} = printed({value}, {memo}, {key}, {self._fields(value, kind, fields)})")
        self._depth -= 1
        return shown

    def _abstract(self, value: str, abstract: GraphQLAbstractType, details: FieldDetailsList) -> str:
        kinds = kinds_of(self._selections.schema, abstract)
        if kinds is None:
            raise Unplannable(f"type {abstract.name} tells its members apart by code of its own")
        index, shown = self.local(), self.local()
        self.line(f"{index} = {self.passed(kinds)}[{self._kind_of(value, kinds.read_from)}]")
        for number, kind in enumerate(kinds.types):
            self.line(f"{'if' if number == 0 else 'elif'} {index} == {number}:")
            self._depth += 1
            self.line(f"{shown} = {self._fields(value, kind, self._selections.below(kind, details))}")
            self._depth -= 1
        self.line("else: raise NotPlain")
        return shown

    @staticmethod
    def _kind_of(value: str, read_from: str | None) -> str:
        return f"{value}.{read_from}.__class__" if read_from else f"{value}.__class__"

    def _fields(self, value: str, parent: GraphQLObjectType, fields: GroupedFieldSet) -> str:
        lacking = self.lacking(parent, fields, value)
        if lacking:
            self.line(lacking)
        members = [f"{self.passed(key)}: {self.field(value, parent, details)}" for key, details in fields.items()]
        return f"{{{', '.join(members)}}}"

    # ------------------------------------------------------------------ fields

    def field(self, source: str, parent: GraphQLObjectType, details: FieldDetailsList) -> str:
        """Statements that read one field of the local `source`; the answer is the expression to use then."""
        name = details[0].node.name.value
        if name == "__typename":
            return self.passed(parent.name)
        definition = self._selections.schema.get_field(parent, name)
        if definition is None:
            raise Unplannable(f"{parent.name}.{name} is not in the schema")
        attribute, hint = _how_to_read(parent, name, definition)
        local = self.local()
        if hint is not None and hint.read is not None:
            self.line(f"{local} = {self.passed(hint.read)}({source})")
        else:
            self.line(f"{local} = {source}.{attribute}")
        if hint is not None and hint.shown is not None:
            self.line(f"if {local} is not None: {local} = {self.passed(hint.shown)}({local})")
        return self.value(local, definition.type, details)

    def lacking(self, parent: GraphQLObjectType, fields: GroupedFieldSet, source: str = "source") -> str | None:
        """The test, once an object, that it lacks none of the attributes that are read of it."""
        needed = set()
        for details in fields.values():
            name = details[0].node.name.value
            definition = self._selections.schema.get_field(parent, name)
            hint = None if definition is None else _hint_of(definition)
            if hint is not None and hint.may_lack and definition is not None:
                needed.add(_strawberry_field(definition).python_name)  # type: ignore[union-attr]
        if not needed:
            return None
        names = self.passed(frozenset(needed))
        return f"if {source}.lacks and not {names}.isdisjoint({source}.lacks): raise NotPlain"

    # ------------------------------------------------------------------ text

    def line(self, text: str) -> None:
        """Write a statement. Raises Unplannable when there are too many of them to be worth a function."""
        self._written += 1
        if self._written > _MOST_STATEMENTS:
            raise Unplannable("the selection is too large for one function")
        self._lines.append(f"{_INDENT * self._depth}{text}")

    def local(self) -> str:
        """A new local name."""
        self._locals += 1
        return f"v{self._locals}"

    def passed(self, value: Any) -> str:
        """The name under which the function is given `value`."""
        # Else by identity; what is passed stays alive, so that no other value can come by its identity.
        mark = value if value.__class__ is str else id(value)
        name = self._names.get(mark)
        if name is None:
            name = self._names[mark] = f"p{len(self._passed)}"
            self._passed.append(value)
        return name

    def function(self) -> Reader:
        """The function, compiled."""
        head = f"def make({', '.join(f'p{number}' for number in range(len(self._passed)))}):"
        text = "\n".join([head, f"{_INDENT}def read(source):", *self._lines, f"{_INDENT}return read"])
        maker = _kept_maker(text) if len(text) <= _LONGEST_KEPT_TEXT else _maker(text)
        return maker(*self._passed)


def _how_to_read(parent: GraphQLObjectType, name: str, definition: GraphQLField) -> tuple[str, PlainRead | None]:
    field = _strawberry_field(definition)
    if field is None:
        raise Unplannable(f"{parent.name}.{name} is graphql-core's own")
    hint = _hint_of(definition)
    if not field.is_basic_field and hint is None:
        raise Unplannable(f"{parent.name}.{name} has a resolver")
    if not field.python_name.isidentifier():
        raise Unplannable(f"{parent.name}.{name} is read from no plain attribute")
    return field.python_name, hint


def _strawberry_field(definition: GraphQLField) -> StrawberryField | None:
    field = definition.extensions.get("strawberry-definition")
    return field if isinstance(field, StrawberryField) else None


def _hint_of(definition: GraphQLField) -> PlainRead | None:
    field = _strawberry_field(definition)
    hint = None if field is None else field.metadata.get(HINT)
    return hint if isinstance(hint, PlainRead) else None


def _maker(text: str) -> Callable[..., Reader]:
    names: dict[str, Any] = {**SHARED_NAMES, "NotPlain": NotPlain, "printed": printed}
    exec(compile(text, "<plan>", "exec"), names)  # noqa: S102 - the text holds nothing a client wrote
    maker: Callable[..., Reader] = names["make"]
    return maker


_kept_maker = lru_cache(maxsize=512)(_maker)
