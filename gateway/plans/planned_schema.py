"""PlannedSchema: a Strawberry schema whose queries and mutations are executed by plans."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Final, cast

from graphql import GraphQLError
from graphql.execution.values import VariableValues, get_variable_values
from strawberry import Schema
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.schema import StreamResult
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.auth import ANYBODY, Principal
from gateway.domain.answer_codes import AnswerCode
from gateway.domain.limits import Limits
from gateway.observability.errand import present
from gateway.plans.caches import FewParsed, FewValidated
from gateway.plans.documents import Document, Documents, PlannedOperation
from gateway.plans.executor import PlannedExecutor
from gateway.plans.incremental import answering_in_parts, answering_whole
from gateway.plans.limits import check_variables
from gateway.plans.rates import RequestRates
from gateway.plans.suggestions import without_suggestions

_REPLACED: Final = {ParserCache, ValidationCache, FewParsed, FewValidated}


class OperationNotNamed(Exception):
    """The document holds several operations, and the request does not say which. Strawberry would run the first."""


def anybody(_: Any) -> Principal:
    """Who asks, where nobody is asked who they are."""
    return ANYBODY


class PlannedSchema:
    """Executes documents as `schema` would, by plans where they can; without `planning`, by the schema itself.

    Either way, what is beyond the limits is refused before it is executed, and before it is parsed where that can be
    told. `asking` tells from a context who asks; `rates` bounds how often.

    Extensions other than caches of documents, which plans replace, see every execution; with one of them, or with a
    class of executors of its own, the schema executes everything itself.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        planning: bool = True,
        limits: Limits | None = None,
        rates: RequestRates | None = None,
        asking: Callable[[Any], Principal] = anybody,
    ) -> None:
        self._schema = schema
        self._limits = limits or Limits()
        self._rates = rates
        self._asking = asking
        self._planning = (
            planning
            and set(schema.extensions) <= _REPLACED
            and issubclass(PlannedExecutor, schema.execution_context_class)
        )
        self._documents = Documents(schema, self._limits, validating=self._planning)
        self._whole = answering_whole(schema)
        self._in_parts = answering_in_parts(schema)

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

        What the document defers or streams is in it. The data may hold moments in UTC and printed text, to be encoded
        with `leaves.ENCODING`. Raises OperationNotNamed, and TooManyRequests.
        """
        principal = self._asking(context_value)
        if self._rates is not None:
            self._rates.take(principal.name)
        document = self._documents.get(query) if query else None
        operation = None
        if document is not None:
            operation = document.operations.get(operation_name)
            _told(operation)
            refusal = self._refusal(document, operation, operation_name, variable_values, principal)
            if refusal is not None:
                return PreExecutionError(data=None, errors=[refusal])
        made = self._executed(
            query, document, operation, variable_values, context_value, operation_name, allowed_operation_types
        )
        if principal.rights.explores:
            return made
        return _unsuggesting(made) if isinstance(made, ExecutionResult) else _awaited_unsuggesting(made)

    def _refusal(
        self,
        document: Document,
        operation: PlannedOperation | None,
        operation_name: str | None,
        variables: dict[str, Any] | None,
        principal: Principal,
    ) -> GraphQLError | None:
        """Why this principal's request is not executed: it is beyond a limit, or explores without the right."""
        if document.refusal is not None:
            return document.refusal
        if document.several and operation_name is None:
            raise OperationNotNamed
        if variables:
            try:
                check_variables(self._limits, variables)
            except GraphQLError as error:
                return error
        if document.exploring and not principal.rights.explores:
            field = document.exploring[0]
            message = f"You may not ask for {field.name.value}: it needs the right to explore the schema."
            return GraphQLError(message, [field], extensions={"code": AnswerCode.FORBIDDEN})
        return None if operation is None else operation.refusal(variables, self._limits)

    def _executed(
        self,
        query: str | None,
        document: Document | None,
        operation: PlannedOperation | None,
        variable_values: dict[str, Any] | None,
        context_value: Any | None,
        operation_name: str | None,
        allowed_operation_types: Iterable[OperationType] | None,
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        if (
            self._planning
            and document is not None
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
        return self._whole.execute(
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
        """Run any operation as Strawberry does; a subscription gives many results.

        What is deferred or streamed comes in results of its own, as graphql-core makes them, after one that tells what
        is still to come. Raises OperationNotNamed, and TooManyRequests.
        """
        principal = self._asking(context_value)
        if self._rates is not None:
            self._rates.take(principal.name)
        document = self._documents.get(query) if query else None
        if document is not None:
            operation = document.operations.get(operation_name)
            _told(operation)
            refusal = self._refusal(document, operation, operation_name, variable_values, principal)
            errors = document.errors if refusal is None else [refusal]
            if errors is not None:
                failed = PreExecutionError(data=None, errors=errors)
                return _only(failed if principal.rights.explores else _unsuggesting(failed))
        results = await self._in_parts.stream(
            query, variable_values=variable_values, context_value=context_value, operation_name=operation_name
        )
        return results if principal.rights.explores else _each_unsuggesting(results)

    def admit(self, principal: Principal) -> None:
        """Before a document is looked at without being executed. Raises TooManyRequests; counts nothing."""
        if self._rates is not None:
            self._rates.check(principal.name)

    def kind_of(self, query: str, operation_name: str | None) -> OperationType | None:
        """What an operation is; None where it is not executed, being beyond a limit, unreadable or not there."""
        document = self._documents.get(query)
        operation = None if document is None else document.operations.get(operation_name)
        return None if operation is None else operation.kind

    def delays(self, query: str) -> bool:
        """Whether something in a document is deferred or streamed, so that `stream` may give its answer in parts."""
        document = self._documents.get(query)
        return document is not None and document.delaying

    def stepped_aside(
        self, query: str, operation_name: str | None = None, variable_values: dict[str, Any] | None = None
    ) -> list[str]:
        """Why, and where, graphql-core executes this operation, or parts of it, itself; nothing where plans do it all.

        Without `variable_values`, the variables of conditions are taken as true.
        """
        document = self._documents.get(query)
        operation = None if document is None else document.operations.get(operation_name)
        if not self._planning:
            return ["the schema executes everything itself"]
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


def _told(operation: PlannedOperation | None) -> None:
    """Let whoever counts and traces know which operation it is."""
    errand = present()
    if errand is not None and operation is not None:
        name = operation.node.name
        errand.kind = operation.kind.value
        errand.name = None if name is None else name.value


def _unsuggesting(result: ExecutionResult) -> ExecutionResult:
    if result.errors:
        # The document's own errors are kept for others.
        result.errors = [without_suggestions(error) for error in result.errors]
    return result


async def _awaited_unsuggesting(made: Awaitable[ExecutionResult]) -> ExecutionResult:
    return _unsuggesting(await made)


async def _each_unsuggesting(results: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    running = cast("AsyncGenerator[Any, None]", results)
    try:
        async for result in running:
            yield _unsuggesting(result) if isinstance(result, ExecutionResult) else result
    finally:
        await running.aclose()


async def _only(result: ExecutionResult) -> AsyncGenerator[Any, None]:
    yield result
