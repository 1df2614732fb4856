"""@defer and @stream: one schema that answers in parts, and one that answers whole whatever the directives say.

In parts, what is deferred begins at once, beside what is not, so that the last part comes as soon as the slowest of
them is known. Whole, the directives have no effect: fields, errors and nulls are those of the same document without.
"""

from copy import copy
from typing import Any, Final, TypeVar, cast

from graphql import GraphQLObjectType, GraphQLStreamDirective
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.executor import StreamUsage
from graphql.execution.values import get_directive_values
from graphql.pyutils import Path
from strawberry import Schema
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.domain.errors import InvalidInput

Executors = StrawberryGraphQLCoreExecutionContext
SchemaKind = TypeVar("SchemaKind", bound=Schema)

DIRECTIVES: Final = frozenset({"defer", "stream"})


class WholeAnswers(Executors):
    """An executor that defers and streams nothing."""

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Any,
    ) -> Any:
        """Execute all fields of the root, deferred ones among them."""
        return self.execute_root_grouped_field_set(root_type, root_value, grouped_field_set, serially, None)

    def execute_collected_subfields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path,
        grouped_field_set: GroupedFieldSet,
        new_defer_usages: Any,
        delivery_group_map: Any,
    ) -> Any:
        """Execute all fields of an object, deferred ones among them."""
        return self.execute_fields(parent_type, source_value, path, grouped_field_set, None)

    def get_stream_usage(self, field_details_list: FieldDetailsList, path: Path) -> StreamUsage | None:
        """None: a list comes whole."""
        return None


class AnswersInParts(Executors):
    """An executor that begins what is deferred at once, and refuses a count that is none in words for the client."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.enable_early_execution = True

    def get_stream_usage(self, field_details_list: FieldDetailsList, path: Path) -> StreamUsage | None:
        """How a list is streamed, if it is. Raises InvalidInput."""
        node = field_details_list[0].node
        given = get_directive_values(GraphQLStreamDirective, node, self.variable_values) if node.directives else None
        if given and given.get("if") and (given.get("initialCount") or 0) < 0:
            raise InvalidInput("initialCount must be 0 or more.", path=("initialCount",), rule="0 or more")
        return super().get_stream_usage(field_details_list, path)


def answering_whole(schema: SchemaKind) -> SchemaKind:
    """The schema, giving one complete answer to every document."""
    return _executed_by(schema, WholeAnswers)


def answering_in_parts(schema: SchemaKind) -> SchemaKind:
    """The schema, giving what is deferred or streamed in answers of its own."""
    return _executed_by(schema, AnswersInParts)


def _executed_by(schema: SchemaKind, kind: type[Executors]) -> SchemaKind:
    """The same schema with another class of executors, which is also whatever its own class is."""
    made = copy(schema)
    own = schema.execution_context_class
    made.execution_context_class = kind if issubclass(kind, own) else cast("Any", type(kind.__name__, (kind, own), {}))
    return made
