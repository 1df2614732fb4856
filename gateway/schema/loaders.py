"""Loaders: what one request reads from the services, each object once, those asked for at the same time together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from strawberry.dataloader import DataLoader

from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.package import Package
from gateway.domain.task import Task
from gateway.services.caller import Caller

if TYPE_CHECKING:
    from gateway.services.services import Services


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=_Identified)
Key = TypeVar("Key")
Found = TypeVar("Found")


def _id(row: _Identified) -> str:
    return row.id


class Loader(DataLoader[Key, Found]):
    """Lets whoever waits leave: an error that nulls a parent cancels the waits below, and others wait for the same."""

    def load(self, key: Key) -> Awaitable[Found]:
        """What is found under the key."""
        read = asyncio.ensure_future(super().load(key))
        if read.done():
            return read
        wait = asyncio.shield(read)
        for future in (read, wait):
            future.add_done_callback(_noticed)
        return wait


def _noticed(future: "asyncio.Future[Any]") -> None:
    """An error that nobody waits for any more is not worth a line in the log."""
    if not future.cancelled():
        future.exception()


class Loaders:
    """`task`, `package`, `execution`: one object by its reference. `whole_…`: what a list's row lacks.

    Each answers None for what does not exist and raises the GatewayError of what could not be asked.
    """

    def __init__(self, services: "Services", caller: Caller) -> None:
        self._services = services
        self._caller = caller

    @cached_property
    def task(self) -> Loader[ObjectId, Task | None]:
        """Tasks."""
        return _one_by_one(lambda ref: self._services.tasks.get(self._caller, ref))

    @cached_property
    def package(self) -> Loader[ObjectId, Package | None]:
        """Packages."""
        return _one_by_one(lambda ref: self._services.packages.get(self._caller, ref))

    @cached_property
    def execution(self) -> Loader[ObjectId, Execution | None]:
        """Executions, in bulk where their vendor can."""
        return _together(lambda refs: self._services.executions.get_many(self._caller, refs))

    @cached_property
    def entity_task(self) -> Loader[ObjectId, Task | None]:
        """Tasks that a router asks for, as many as it likes: from the list where there are many."""
        return _together(lambda refs: self._services.tasks.get_many(self._caller, refs))

    @cached_property
    def entity_package(self) -> Loader[ObjectId, Package | None]:
        """Packages that a router asks for."""
        return _together(lambda refs: self._services.packages.get_many(self._caller, refs))

    @cached_property
    def whole_task(self) -> Loader[Task, Task | None]:
        """Tasks by their rows."""
        return _described(lambda rows: self._services.tasks.describe_many(self._caller, rows))

    @cached_property
    def whole_package(self) -> Loader[Package, Package | None]:
        """Packages by their rows."""
        return _described(lambda rows: self._services.packages.describe_many(self._caller, rows))

    @cached_property
    def whole_execution(self) -> Loader[Execution, Execution | None]:
        """Executions by their rows."""
        return _described(lambda rows: self._services.executions.describe_many(self._caller, rows))


def _one_by_one(get: Callable[[ObjectId], Awaitable[Row | None]]) -> Loader[ObjectId, Row | None]:
    async def load(refs: list[ObjectId]) -> Sequence[Row | BaseException | None]:
        return await asyncio.gather(*map(get, refs), return_exceptions=True)

    return Loader(load)


def _together(
    get_many: Callable[[list[ObjectId]], Awaitable[Sequence[Row | BaseException | None]]],
) -> Loader[ObjectId, Row | None]:
    async def load(refs: list[ObjectId]) -> Sequence[Row | BaseException | None]:
        return await get_many(refs)

    return Loader(load)


def _described(
    describe: Callable[[list[Row]], Awaitable[Sequence[Row | BaseException | None]]],
) -> Loader[Row, Row | None]:
    async def load(rows: list[Row]) -> Sequence[Row | BaseException | None]:
        return await describe(rows)

    return Loader(load, cache_key_fn=_id)
