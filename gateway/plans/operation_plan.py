"""OperationPlan: what is worked out once for an operation and used by all its requests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, GroupedFieldSet
from graphql.execution.values import VariableValues
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from gateway.plans.arguments import Arguments, arguments_of
from gateway.plans.plain_code import PlainCode, Reader, Unplannable
from gateway.plans.selections import Selections


@dataclass(frozen=True, slots=True)
class Resolving:
    """How a field's value is had: an attribute, or a call of the resolver's own function.

    `source_as` and `info_as` name the parameters that take the source and Strawberry's Info, where it has them.
    """

    strawberry_field: StrawberryField
    attribute: str | None = None
    function: Callable[..., Any] | None = None
    positional_source: bool = False
    source_as: tuple[str, ...] = ()
    info_as: str | None = None


@dataclass(slots=True)
class FieldPlan:
    """One field of one selection. `plain` reads the whole completed value from what the resolver answered."""

    definition: GraphQLField
    resolving: Resolving
    arguments: Arguments
    plain: Reader | None


@dataclass(slots=True)
class ObjectPlan:
    """One object's selection: `read` makes its plain members, `others` are executed one by one into their places."""

    read: Reader
    others: list[tuple[str, FieldDetailsList]]


@dataclass(slots=True)
class OperationPlan:
    """The plan of one operation, under given values of its conditions. Its parts are made when they are first used.

    `serial` tells that root fields run one after another.
    """

    schema: GraphQLSchema
    config: StrawberryConfig
    operation: OperationDefinitionNode
    selections: Selections
    root_type: GraphQLObjectType
    root_fields: GroupedFieldSet
    serial: bool
    _fields: dict[int, FieldPlan | None] = field(default_factory=dict)
    _objects: dict[int, ObjectPlan | None] = field(default_factory=dict)
    _kept: list[object] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        schema: GraphQLSchema,
        config: StrawberryConfig,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
    ) -> "OperationPlan":
        """The plan for an operation that is valid against the schema."""
        selections = Selections(schema, operation, fragments, variables)
        root_type = schema.get_root_type(operation.operation)
        assert root_type is not None  # noqa: S101 - a valid operation has one
        serial = operation.operation is OperationType.MUTATION
        return cls(schema, config, operation, selections, root_type, selections.root(root_type), serial)

    def field(self, parent: GraphQLObjectType, details: FieldDetailsList) -> FieldPlan | None:
        """The plan of a field; None where graphql-core executes it."""
        key = id(details)
        if key not in self._fields:
            self._kept.append(details)
            self._fields[key] = self._field(parent, details)
        return self._fields[key]

    def object(self, kind: GraphQLObjectType, fields: GroupedFieldSet) -> ObjectPlan | None:
        """The plan of an object's selection; None where graphql-core executes all of it."""
        key = id(fields)
        if key not in self._objects:
            self._kept.append(fields)
            self._objects[key] = self._object(kind, fields)
        return self._objects[key]

    def _field(self, parent: GraphQLObjectType, details: FieldDetailsList) -> FieldPlan | None:
        definition = self.schema.get_field(parent, details[0].node.name.value)
        resolving = None if definition is None else resolving_of(definition)
        if definition is None or resolving is None:
            return None
        arguments = arguments_of(definition, details[0], resolving.strawberry_field, self.config, self.schema)
        try:
            plain = PlainCode.of_value(self.selections, definition.type, details)
        except Unplannable:
            plain = None
        return FieldPlan(definition, resolving, arguments, plain)

    def _object(self, kind: GraphQLObjectType, fields: GroupedFieldSet) -> ObjectPlan | None:
        if not fields:
            return None
        read, others = PlainCode.of_fields(self.selections, kind, fields)
        return ObjectPlan(read, [(key, fields[key]) for key in others])

    def stepped_aside(self) -> list[str]:
        """Each place that is left to graphql-core whatever the data, as Type.field; the same place once a selection."""
        found: list[str] = []
        self._look(self.root_type, self.root_fields, found)
        return found

    def _look(self, kind: GraphQLObjectType, fields: GroupedFieldSet, found: list[str]) -> None:
        for details in fields.values():
            name = details[0].node.name.value
            if name == "__typename":
                continue
            plan = self.field(kind, details)
            if plan is None:
                found.append(f"{kind.name}.{name}")
                continue
            inner = unwrapped(plan.definition.type)
            if is_leaf_type(inner):
                continue
            kinds = [inner] if is_object_type(inner) else self.schema.get_possible_types(inner)
            for possible in kinds:
                self._look(possible, self.selections.below(possible, details), found)


def unwrapped(output: GraphQLOutputType) -> Any:
    """The named type inside lists and non-nulls."""
    inner: Any = output
    while hasattr(inner, "of_type"):
        inner = inner.of_type
    return inner


def resolving_of(definition: GraphQLField) -> Resolving | None:
    """How a Strawberry field's value is had without Strawberry's wrapping; None for any other field."""
    known = definition.extensions.get("strawberry-definition")
    if not isinstance(known, StrawberryField) or known.extensions:
        return None
    resolver = known.base_resolver
    if resolver is None:
        return Resolving(known, attribute=known.python_name)
    function = resolver.wrapped_func
    if not callable(function):
        return None
    parameters = (resolver.parent_parameter, resolver.root_parameter)
    info = resolver.info_parameter
    return Resolving(
        known,
        function=function,
        positional_source=resolver.self_parameter is not None,
        source_as=tuple(parameter.name for parameter in parameters if parameter is not None),
        info_as=None if info is None else info.name,
    )
