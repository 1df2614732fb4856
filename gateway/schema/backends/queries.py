"""Reading backends."""

from typing import Annotated

import strawberry

from gateway.domain.backend import Backend
from gateway.schema.backends.types import OtaBackend
from gateway.schema.context import RequestInfo


def _backends(info: RequestInfo) -> list[Backend]:
    """In the order of the configuration."""
    return info.context.services.backend_list(info.context.caller)


def _backend(
    info: RequestInfo, name: Annotated[str, strawberry.argument(description="The operator's name for it.")]
) -> Backend | None:
    """One backend."""
    return info.context.services.backend(info.context.caller, name)


@strawberry.type
class BackendQueries:
    """The part of Query about backends."""

    backends = strawberry.field(
        resolver=_backends, graphql_type=list[OtaBackend], description="All configured backends."
    )
    backend = strawberry.field(
        resolver=_backend,
        graphql_type=OtaBackend | None,
        description="The backend of that name; null if there is none.",
    )
