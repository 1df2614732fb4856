"""Selections: which fields an operation asks of each object, collected by graphql-core once for all requests.

What `@skip` and `@include` leave out depends on variables, so a plan is made for each combination of their values.
"""

from graphql import GraphQLObjectType, GraphQLSchema, OperationDefinitionNode
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues


class Selections:
    """The selections of one operation, under given values of its conditions."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
    ) -> None:
        self.schema = schema
        self.operation = operation
        self._fragments = fragments
        self._variables = variables
        self.collected: dict[tuple[GraphQLObjectType, int], tuple[FieldDetailsList, CollectedFields]] = {}
        """As an Executor keeps what it has collected: by the type and the identity of the field's nodes."""

    def root(self, root_type: GraphQLObjectType) -> GroupedFieldSet:
        """The fields asked of the operation's root."""
        collected = collect_fields(self.schema, self._fragments, self._variables, root_type, self.operation, False)
        return collected.grouped_field_set

    def below(self, kind: GraphQLObjectType, details: FieldDetailsList) -> GroupedFieldSet:
        """The fields asked of an object of type `kind` that stands at a field."""
        key = (kind, id(details))
        known = self.collected.get(key)
        if known is None:
            fields = collect_subfields(
                self.schema, self._fragments, self._variables, self.operation, kind, details, False
            )
            known = self.collected[key] = (details, fields)
        return known[1].grouped_field_set
