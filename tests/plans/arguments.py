"""ArgumentWriter: a field's arguments as literals, as variables, and as literals with variables inside."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

from tests.plans.known import Known
from tests.plans.values import Draw, Values, literal

BOOLEAN = GraphQLNonNull(GraphQLBoolean)
_ARGUMENTS = {"first": 65, "after": 8, "filter": 35, "orderBy": 25, "input": 100, "taskId": 80, "dryRun": 50, "id": 55}


@dataclass(slots=True)
class Uses:
    """What a piece of a document refers to."""

    variables: set[str] = field(default_factory=set)
    fragments: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Variable:
    """A declared variable. `fits`: the type of the places where it may stand, if in others than one.

    `draw_value` gives a right value for it; `required` says that leaving it out is refused.
    """

    name: str
    declared: str
    fits: str
    draw_value: Callable[[], Any]
    required: bool


class ArgumentWriter:
    """Writes arguments; `variables` are those they came to need, and the last of `_uses` tells where."""

    def __init__(self, draw: Draw, known: Known) -> None:
        self.values = Values(draw, known)
        self.variables: dict[str, Variable] = {}
        self._known = known
        self._uses = [Uses()]

    def arguments(self, holder: str, name: str, definition: GraphQLField) -> str:
        """The arguments of a field, with their brackets, or nothing."""
        place = f"{holder}.{name}"
        walks = self._known.walks.get(place)
        if walks and self.values.chance(25):
            others, cursors = self.values.one_of(walks)
            cursor = self.values.one_of(cursors)
            after = f'after: "{cursor}"'
            if self.values.chance(50):
                after = f"after: {self.variable(GraphQLString, place, has_default=False, cursors=cursors)}"
            first = f"first: {1 + self.values.number(4)}"
            return f"({', '.join(one for one in (first, after, others) if one)})"
        given = []
        for argument, declared in definition.args.items():
            if is_required_argument(declared) or self.values.chance(_ARGUMENTS.get(argument, 20)):
                given.append(f"{argument}: {self._argument(declared, f'{place}.{argument}')}")
        return f"({', '.join(given)})" if given else ""

    def _argument(self, declared: GraphQLArgument, place: str) -> str:
        if not is_non_null_type(declared.type) and self.values.chance(6):
            return "null"
        return self._written(declared.type, place, has_default=declared.default_value is not Undefined)

    def _written(self, kind: GraphQLInputType, place: str, *, has_default: bool) -> str:
        """A value as a literal, as a variable, or as a literal with variables inside."""
        if self.values.chance(30):
            return self.variable(kind, place, has_default=has_default)
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLInputObjectType) and self.values.chance(40):
            members = []
            for name, member in inner.fields.items():
                if is_required_input_field(member) or self.values.chance(_ARGUMENTS.get(name, 20)):
                    below = f"{inner.name}.{name}"
                    default = member.default_value is not Undefined
                    members.append(f"{name}: {self._written(member.type, below, has_default=default)}")
            return f"{{{', '.join(members)}}}"
        if isinstance(inner, GraphQLList) and self.values.chance(25):
            items = [self._written(inner.of_type, place, has_default=False) for _ in range(1 + self.values.number(2))]
            return f"[{', '.join(items)}]"
        value = self.values.value(kind, place)
        if type(value) is str and value.isalnum() and self.values.chance(12):
            return f'"""{value}"""' if self.values.chance(50) else "".join(['"', *map(_escaped, value), '"'])
        return literal(value)

    def variable(self, kind: GraphQLInputType, place: str, *, has_default: bool, cursors: Any = None) -> str:
        """A variable that fits here: declared as it is, stricter, or looser with a default."""
        values = self.values
        fitting = [one for one in self.variables.values() if one.fits == str(kind) and cursors is None]
        if fitting and values.chance(35 if place != "@.if" else 60):
            name = values.one_of(fitting).name
        else:
            name = f"v{len(self.variables)}"
            self.variables[name] = self._declared(name, kind, place, has_default, cursors)
        self._uses[-1].variables.add(name)
        return f"${name}"

    def _declared(self, name: str, kind: GraphQLInputType, place: str, has_default: bool, cursors: Any) -> Variable:
        values = self.values

        def draw_value() -> Any:
            return values.one_of(cursors) if cursors is not None else values.value(kind, place)

        loose = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        default = f" = {literal(draw_value())}" if values.chance(25) else ""
        strict = isinstance(kind, GraphQLNonNull)
        fits = str(kind)
        if strict and (default or has_default) and values.chance(70):
            declared, required, fits = str(loose), False, str(kind) if default else ""
        elif not strict and values.chance(15):
            declared, required = f"{kind}!", not default
        else:
            declared, required = str(kind), strict and not default
        return Variable(
            name=name,
            declared=f"${name}: {declared}{default}",
            fits=fits,
            draw_value=draw_value,
            required=required,
        )


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"
