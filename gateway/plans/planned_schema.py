"""PlannedSchema: a Strawberry schema whose queries and mutations are executed by plans."""

from collections.abc import Awaitable, Iterable
from typing import Any, Final

from graphql.execution.values import VariableValues, get_variable_values
from strawberry import Schema
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.schema import StreamResult
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.plans.documents import Documents, PlannedOperation
from gateway.plans.executor import PlannedExecutor

_REPLACED: Final = {ParserCache, ValidationCache}


class PlannedSchema:
    """Executes documents as `schema` would, by plans where they can; without `planning`, by the schema itself.

    Extensions other than the two caches, which plans replace, see every execution; with one of them, or with a class of
    executors of its own, the schema executes everything itself.
    """

    def __init__(self, schema: Schema, *, planning: bool = True) -> None:
        self._schema = schema
        self._documents = Documents(schema)
        self._planning = (
            planning
            and set(schema.extensions) <= _REPLACED
            and issubclass(PlannedExecutor, schema.execution_context_class)
        )

    def begin(
        self,
        query: str | None,
        *,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Run a query or mutation: the result, or an awaitable of it where something has to be waited for.

        The data may hold moments in UTC and printed text, to be encoded with `leaves.ENCODING`.
        """
        document = self._documents.get(query) if query and self._planning else None
        operation = None if document is None else document.operations.get(operation_name)
        if (
            document is not None
            and operation is not None
            and operation.reason is None
            and (allowed_operation_types is None or operation.kind in allowed_operation_types)
        ):
            if document.errors is not None:
                return PreExecutionError(data=None, errors=document.errors)
            variables = operation.variables.coerced(variable_values)
            executor = None if variables is None else operation.executor(self._schema, variables)
            if executor is not None and variables is not None:
                return executor.for_request(context_value, variables).run()
        elif document is not None and document.unreadable:
            return PreExecutionError(data=None, errors=document.errors)
        return self._schema.execute(
            query,
            variable_values=variable_values,
            context_value=context_value,
            operation_name=operation_name,
            allowed_operation_types=allowed_operation_types,
        )

    async def stream(
        self,
        query: str | None,
        *,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        operation_name: str | None = None,
    ) -> StreamResult:
        """Run any operation as Strawberry does; a subscription gives many results."""
        return await self._schema.stream(
            query, variable_values=variable_values, context_value=context_value, operation_name=operation_name
        )

    def stepped_aside(
        self, query: str, operation_name: str | None = None, variable_values: dict[str, Any] | None = None
    ) -> list[str]:
        """Why, and where, graphql-core executes this operation, or parts of it, itself; nothing where plans do it all.

        Without `variable_values`, the variables of conditions are taken as true.
        """
        document = self._documents.get(query)
        operation = None if document is None else document.operations.get(operation_name)
        if not self._planning:
            return ["the schema has extensions that see every execution"]
        if document is None or operation is None or document.errors is not None:
            return ["there is no such valid operation"]
        if operation.reason is not None:
            return [operation.reason]
        if variable_values is None:
            variables = self._true_conditions(operation)
        else:
            variables = operation.variables.coerced(variable_values)
        if variables is None:
            return ["the variables are not acceptable"]
        executor = operation.executor(self._schema, variables)
        return ["a condition is null"] if executor is None else executor.plan.stepped_aside()

    def _true_conditions(self, operation: PlannedOperation) -> VariableValues | None:
        definitions = operation.node.variable_definitions or ()
        taken = [one for one in definitions if one.variable.name.value in operation.conditions]
        coerced = get_variable_values(self._schema._schema, taken, dict.fromkeys(operation.conditions, True))
        return None if isinstance(coerced, list) else coerced
