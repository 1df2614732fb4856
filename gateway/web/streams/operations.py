"""Operations: the results of one operation, as any transport that takes many of them may send them on."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final

from graphql import (
    IncrementalDeferResult,
    IncrementalStreamResult,
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
)
from graphql.execution import CompletedResult
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.auth import Principal
from gateway.web.disconnects import ToTheirEnd, only_reads
from gateway.web.expiry import until_expiry
from gateway.web.graphql_errors import presentable, presented
from gateway.web.graphql_request import GraphQLRequest
from gateway.web.schema_port import GraphQLSchemaPort

Result = ExecutionResult | InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult
Results = AsyncGenerator[Result, None]

_NO_MORE: Final = object()


class Operations:
    """Begins operations whose results come one by one."""

    def __init__(self, schema: GraphQLSchemaPort, changes: ToTheirEnd) -> None:
        self._schema = schema
        self._changes = changes

    def admit(self, principal: Principal) -> None:
        """Before an operation is looked at. Raises TooManyRequests."""
        self._schema.admit(principal)

    def kind_of(self, wanted: GraphQLRequest) -> OperationType | None:
        """What an operation is; None where it is not executed."""
        return self._schema.kind_of(wanted.query, wanted.operation_name)

    def delays(self, wanted: GraphQLRequest) -> bool:
        """Whether something in the document is deferred or streamed."""
        return self._schema.delays(wanted.query)

    async def begin(self, principal: Principal, context: object, wanted: GraphQLRequest) -> Results:
        """The results of an operation that a principal asks for, in a context of its own.

        Their errors are presentable. They end, with an error that says so, when the caller's credentials do; those of
        an operation that changes something are carried to their end, whoever still listens. Raises OperationNotNamed
        and TooManyRequests.
        """
        results = await self._schema.stream(
            wanted.query,
            variable_values=wanted.variables,
            context_value=context,
            operation_name=wanted.operation_name,
        )
        shown = _presentable(results)
        if not only_reads(wanted.query) and self.kind_of(wanted) is OperationType.MUTATION:
            return self._to_the_end(shown)
        return until_expiry(principal, shown)

    async def _to_the_end(self, results: Results) -> Results:
        came: asyncio.Queue[Any] = asyncio.Queue()

        async def take_all() -> None:
            try:
                async for result in results:
                    came.put_nowait(result)
            finally:
                came.put_nowait(_NO_MORE)

        taking = asyncio.create_task(self._changes.run(take_all()))
        try:
            while (result := await came.get()) is not _NO_MORE:
                yield result
            await taking
        finally:
            # Gives up waiting for it, not the work.
            taking.cancel()


async def _presentable(results: AsyncGenerator[Any, None]) -> Results:
    try:
        async for result in results:
            yield _shown(result)
    finally:
        await results.aclose()


def _shown(result: Result) -> Result:
    if isinstance(result, ExecutionResult):
        if result.errors:
            result.errors = list(presented(result))
        return result
    if isinstance(result, InitialIncrementalExecutionResult):
        _show_errors(result)
        return result
    for part in (*(result.incremental or ()), *(result.completed or ())):
        _show_errors(part)
    return result


def _show_errors(
    part: InitialIncrementalExecutionResult | IncrementalDeferResult | IncrementalStreamResult | CompletedResult,
) -> None:
    if part.errors:
        part.errors = [presentable(error, before_execution=False) for error in part.errors]
