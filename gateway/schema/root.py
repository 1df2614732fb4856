"""The schema as a whole."""

import asyncio
from functools import partial
from typing import Annotated

import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.auth.requirements import Requirements
from gateway.domain.errors import InvalidInput
from gateway.plans.caches import FewParsed, FewValidated
from gateway.schema.access_directives import with_access
from gateway.schema.audit.queries import AuditQueries
from gateway.schema.audit.types import OtaAuditEntry
from gateway.schema.backends.queries import BackendQueries
from gateway.schema.context import RequestInfo
from gateway.schema.devices.queries import DeviceQueries
from gateway.schema.errors import ERROR_TYPES
from gateway.schema.executions.mutations import ExecutionMutations
from gateway.schema.executions.queries import ExecutionQueries
from gateway.schema.executions.subscriptions import ExecutionSubscriptions
from gateway.schema.federation import FederatedSchema
from gateway.schema.found_by_key import ENTITIES
from gateway.schema.node import MOST_NODES, Node, find, usable
from gateway.schema.packages.mutations import PackageMutations
from gateway.schema.packages.queries import PackageQueries
from gateway.schema.scalars import SCALARS
from gateway.schema.tasks.mutations import TaskMutations
from gateway.schema.tasks.queries import TaskQueries
from gateway.schema.tasks.subscriptions import TaskSubscriptions


async def _node(
    info: RequestInfo,
    node_id: Annotated[strawberry.ID, strawberry.argument(name="id", description="Any id of this API.")],
) -> object | None:
    """One object."""
    return await find(info.context, usable(node_id))


async def _nodes(
    info: RequestInfo,
    ids: Annotated[list[strawberry.ID], strawberry.argument(description=f"At most {MOST_NODES} ids.")],
) -> list[object | None]:
    """All at the same time; what could not be asked is an error in its own place."""
    if len(ids) > MOST_NODES:
        rule = f"at most {MOST_NODES} ids"
        raise InvalidInput(f"These are {len(ids)} ids. Ask for {rule} at a time.", path=("ids",), rule=rule)
    refs = [usable(text, None, "ids", str(index)) for index, text in enumerate(ids)]
    return await asyncio.gather(*(find(info.context, ref) for ref in refs), return_exceptions=True)


@strawberry.type
class NodeQueries:
    """The part of Query that finds any object by its id."""

    node = strawberry.field(
        resolver=_node, graphql_type=Node | None, description="The object of that id; null if there is none."
    )
    nodes = strawberry.field(
        resolver=_nodes,
        graphql_type=list[Node | None],
        description="The objects of these ids, in their order; null for one that does not exist or could not be asked.",
    )


@strawberry.type(description="Reading.")
class Query(NodeQueries, BackendQueries, TaskQueries, PackageQueries, ExecutionQueries, DeviceQueries, AuditQueries):
    """All that can be read."""


@strawberry.type(
    description="Changing. Each answers what became of it in `outcome`. A refusal is REFUSED with an entry in "
    "`errors`, never a top-level error. Every change is written to the audit before the vendor is called."
)
class Mutation(TaskMutations, PackageMutations, ExecutionMutations):
    """All that can be changed."""


@strawberry.type(description="Watching.")
class Subscription(TaskSubscriptions, ExecutionSubscriptions):
    """All that can be watched."""


def build_schema(required: Requirements | None = None) -> FederatedSchema:
    """The schema, with its caches of parsed and validated documents. `required` is what its text tells routers."""
    return FederatedSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[OtaAuditEntry, *ERROR_TYPES],
        extensions=[FewParsed, FewValidated],
        # Adds @defer and @stream. Graphql-core calls them experimental, since the specification still moves.
        config=StrawberryConfig(scalar_map=SCALARS, enable_experimental_incremental_execution=True),
        federation_version="2.9",
        entities=ENTITIES,
        printed=str if required is None else partial(with_access, required=required),
    )
