"""Loaders: what one request reads from the services, each object once, those asked for at the same time together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

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


def _id(row: _Identified) -> str:
    return row.id


class Loaders:
    """`task`, `package`, `execution`: one object by its reference. `whole_…`: what a list's row lacks.

    Each answers None for what does not exist and raises the GatewayError of what could not be asked.
    """

    def __init__(self, services: "Services", caller: Caller) -> None:
        async def executions(refs: list[ObjectId]) -> Sequence[Execution | BaseException | None]:
            return await services.executions.get_many(caller, refs)

        self.task: DataLoader[ObjectId, Task | None] = _one_by_one(lambda ref: services.tasks.get(caller, ref))
        self.package: DataLoader[ObjectId, Package | None] = _one_by_one(lambda ref: services.packages.get(caller, ref))
        self.execution: DataLoader[ObjectId, Execution | None] = DataLoader(executions)
        self.whole_task = _described(lambda rows: services.tasks.describe_many(caller, rows))
        self.whole_package = _described(lambda rows: services.packages.describe_many(caller, rows))
        self.whole_execution = _described(lambda rows: services.executions.describe_many(caller, rows))


def _one_by_one(get: Callable[[ObjectId], Awaitable[Row | None]]) -> DataLoader[ObjectId, Row | None]:
    async def load(refs: list[ObjectId]) -> Sequence[Row | BaseException | None]:
        return await asyncio.gather(*map(get, refs), return_exceptions=True)

    return DataLoader(load)


def _described(
    describe: Callable[[list[Row]], Awaitable[Sequence[Row | BaseException | None]]],
) -> DataLoader[Row, Row | None]:
    async def load(rows: list[Row]) -> Sequence[Row | BaseException | None]:
        return await describe(rows)

    return DataLoader(load, cache_key_fn=_id)
