"""What the web needs of a GraphQL schema and of whoever makes the context of a request."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from starlette.requests import HTTPConnection
from strawberry.schema.schema import StreamResult
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.auth import Principal

ContextFactory = Callable[[HTTPConnection], object | Awaitable[object]]


class GraphQLSchemaPort(Protocol):
    """The two ways to run a document, and a look at it."""

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

        Raises OperationNotNamed, and TooManyRequests.
        """
        ...

    async def stream(
        self,
        query: str | None,
        *,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        operation_name: str | None = None,
    ) -> StreamResult:
        """Run any operation; a subscription gives many results, and so does what is deferred or streamed.

        Raises OperationNotNamed, and TooManyRequests.
        """
        ...

    def admit(self, principal: Principal) -> None:
        """Before a document is looked at without being executed. Raises TooManyRequests."""
        ...

    def kind_of(self, query: str, operation_name: str | None) -> OperationType | None:
        """What an operation is; None where it is not executed."""
        ...

    def delays(self, query: str) -> bool:
        """Whether something in a document is deferred or streamed."""
        ...
