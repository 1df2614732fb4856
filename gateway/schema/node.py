"""Node, and reading any object by its id."""

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry

from gateway.domain.device import Device
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Kind, ObjectId, decode
from gateway.schema.context import RequestContext

MOST_NODES = 100


@strawberry.interface(description="An object with a global id.")
class Node:
    """Implemented by everything that `node` can find again."""

    id: strawberry.ID = strawberry.field(description="Opaque, and good for `node`. It is no permission.")


def usable(text: str, kind: Kind | None = None, *path: str) -> ObjectId:
    """Decode an id that a client gave. Raises InvalidInput, at `path` if one is given, else at ("id",)."""
    try:
        return decode(text, kind)
    except InvalidInput as problem:
        if path:
            raise InvalidInput(problem.message, path=path, rule=problem.rule) from None
        raise


async def find(context: RequestContext, ref: ObjectId) -> object | None:
    """The object of that id, None when there is none. Raises the GatewayError of what could not be asked."""
    return await _FINDERS[ref.kind](context, ref)


def find_device(context: RequestContext, ref: ObjectId) -> Device | None:
    """The device of that id. Existence is not checked: devices are known through their executions."""
    return context.services.device_of(context.caller, ref)


def task_by(context: RequestContext, ref: ObjectId) -> Any:
    """The task of that id, or an awaitable of it that is read together with others of the request."""
    return context.soonest(
        lambda caller: context.services.tasks.get(caller, ref), lambda: context.loaders.task.load(ref)
    )


def package_by(context: RequestContext, ref: ObjectId) -> Any:
    """The package of that id, or an awaitable of it that is read together with others of the request."""
    return context.soonest(
        lambda caller: context.services.packages.get(caller, ref), lambda: context.loaders.package.load(ref)
    )


async def _task(context: RequestContext, ref: ObjectId) -> object | None:
    return await context.loaders.task.load(ref)


async def _package(context: RequestContext, ref: ObjectId) -> object | None:
    return await context.loaders.package.load(ref)


async def _execution(context: RequestContext, ref: ObjectId) -> object | None:
    return await context.loaders.execution.load(ref)


async def _device(context: RequestContext, ref: ObjectId) -> object | None:
    return find_device(context, ref)


async def _audit_entry(context: RequestContext, ref: ObjectId) -> object | None:
    return await context.services.audit.get(context.caller, str(ref))


_FINDERS: dict[Kind, Callable[[RequestContext, ObjectId], Awaitable[object | None]]] = {
    Kind.TASK: _task,
    Kind.PACKAGE: _package,
    Kind.EXECUTION: _execution,
    Kind.DEVICE: _device,
    Kind.AUDIT: _audit_entry,
}
