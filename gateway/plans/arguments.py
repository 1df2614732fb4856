"""Arguments: a field's arguments as its resolver takes them, converted once where no variable stands in them."""

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

Arguments = Callable[[VariableValues], dict[str, Any]]
"""Makes a new dict of keyword arguments from the operation's variables. Raises what graphql-core would."""


def arguments_of(
    definition: GraphQLField,
    details: FieldDetails,
    strawberry_field: StrawberryField,
    config: StrawberryConfig,
    schema: GraphQLSchema,
) -> Arguments:
    """The arguments of one field of an operation."""
    node = details.node
    if not definition.args and not node.arguments:
        return _none
    scalars = schema._strawberry_schema.schema_converter.scalar_registry  # type: ignore[attr-defined]

    def convert(variables: VariableValues) -> dict[str, Any]:
        given = get_argument_values(definition, node, variables, details.fragment_variable_values)
        return convert_arguments(given, strawberry_field.arguments, scalar_registry=scalars, config=config)

    if any(_has_variable(argument.value) for argument in node.arguments or ()):
        return convert
    try:
        constant = convert(VariableValues({}, {}))
    except (GraphQLError, TypeError, ValueError):
        # Raised anew at each request, so that each error has its own place in an answer.
        return convert
    # Lists and inputs among them are shared by all requests; resolvers read them and change none.
    return lambda _: constant.copy()


def _none(_: VariableValues) -> dict[str, Any]:
    return {}


def _has_variable(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(map(_has_variable, value.values))
    if isinstance(value, ObjectValueNode):
        return any(_has_variable(member.value) for member in value.fields)
    return isinstance(value, VariableNode)
