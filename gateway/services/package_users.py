"""Which tasks use a package: asked of the vendor where it lists them so, else found by reading all its tasks."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from gateway.backends.snapshot import Snapshot
from gateway.backends.stack import BackendStack
from gateway.domain.errors import BackendUnavailable, GatewayError
from gateway.domain.package import Package
from gateway.domain.page import PageRequest
from gateway.domain.statuses import TaskStatus
from gateway.domain.task import Task
from gateway.services.asking import ask
from gateway.services.caller import Caller
from gateway.services.connection import BackendResultStatus, Connection
from gateway.services.cursors import CursorKey, binding
from gateway.services.freshness import told
from gateway.services.inputs import Direction
from gateway.services.merged_list import Taken, Whole, merged
from gateway.services.shelves import Shelves
from gateway.services.sort_keys import by_moment
from gateway.vendorkit.few_at_once import few_at_once

Value = TypeVar("Value")

FINISHED = frozenset(
    {
        TaskStatus.COMPLETED,
        TaskStatus.CANCELED,
        TaskStatus.FAILED,
        TaskStatus.REJECTED,
        TaskStatus.SUPERSEDED,
        TaskStatus.DELETING,
        TaskStatus.DELETED,
    }
)
_NEWEST_FIRST = by_moment(lambda task: task.created_at, Direction.DESC)
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Users:
    """What the search found, and when. `missing` says why it could not finish, None when it did."""

    tasks: list[Task]
    missing: GatewayError | None
    fetched_at: datetime


class PackageUsers:
    """The search."""

    def __init__(self, shelves: Shelves, cursors: CursorKey, now: Callable[[], datetime]) -> None:
        self._shelves = shelves
        self._cursors = cursors
        self._now = now

    async def live(self, stack: BackendStack, package: Package) -> Users:
        """The unfinished tasks of a backend that use a package, past every cache: what a deletion is decided upon."""
        search = _Search(stack, package, self._now(), lambda task: task.status not in FINISHED)
        return await search.run(self._shelves.tasks[stack.name].look, lambda _, fetch: stack.look(fetch))

    async def page(
        self, stack: BackendStack, caller: Caller, package: Package, *, first: int, after: str | None
    ) -> Connection[Task]:
        """All tasks of a backend that use a package, newest first."""
        shelf = self._shelves.tasks[stack.name]
        search = _Search(stack, package, self._now(), lambda _: True)

        async def everything() -> Snapshot[Task]:
            snapshot = await shelf.get(filter_key="", keep=lambda _: True, narrowed=False, fresh=caller.fresh)
            told(caller, stack, snapshot.fetched_at)
            return snapshot

        async def read(key: str, fetch: Callable[[], Awaitable[Value]]) -> Value:
            answer = await ask(stack, caller, key, fetch)
            search.oldest = min(search.oldest, answer.fetched_at)
            return answer.value

        users = await search.run(everything, read)
        snapshot = Snapshot({task.ref.key: task for task in users.tasks}, users.fetched_at)

        async def take() -> Taken[Task]:
            return Taken(snapshot)

        page = await merged(
            [Whole(name=stack.name, snapshot=take, ready=snapshot)],
            order=("CREATED_AT", Direction.DESC),
            key_of=_NEWEST_FIRST,
            keep=lambda _: True,
            first=first,
            after=after,
            key=self._cursors,
            binding=binding("used_by", package.id),
        )
        if users.missing is not None:
            page.backends[0].status = BackendResultStatus.FAILED
            page.backends[0].error = users.missing
        return page


class _Read(Protocol):
    async def __call__(self, key: str, fetch: Callable[[], Awaitable[Value]], /) -> Value: ...


@dataclass(slots=True)
class _Search:
    """One search, within the backend's `timeout`. `oldest` is when the oldest answer that it rests on was had."""

    stack: BackendStack
    package: Package
    oldest: datetime
    wanted: Callable[[Task], bool]
    found: list[Task] = field(default_factory=list)

    async def run(self, everything: Callable[[], Awaitable[Snapshot[Task]]], read: _Read) -> Users:
        missing: GatewayError | None = None
        limit = self.stack.pace.timeout
        try:
            async with asyncio.timeout(limit.total_seconds()):
                if not await self._by_package(read):
                    await self._among_all(everything, read)
        except GatewayError as error:
            missing = error
        except TimeoutError:
            missing = _ran_out(self.stack, limit)
        return Users([task for task in self.found if self.wanted(task)], missing, self.oldest)

    async def _by_package(self, read: _Read) -> bool:
        adapter, ref = self.stack.adapter, self.package.ref
        after: str | None = None
        while True:
            request = PageRequest(self.stack.manifest.task_page_size, after)
            page = await read(
                f"package_tasks|{ref.key}|{request}",
                lambda request=request: adapter.list_package_tasks(ref, request),  # type: ignore[misc]
            )
            if page is None:
                return False
            self.found.extend(page.rows)
            if page.next is None or page.next == after:
                return True
            after = page.next

    async def _among_all(self, everything: Callable[[], Awaitable[Snapshot[Task]]], read: _Read) -> None:
        adapter = self.stack.adapter
        snapshot = await everything()
        self.oldest = min(self.oldest, snapshot.fetched_at)

        async def look_at(task: Task) -> None:
            whole: Task | None = task
            if "package_ref" in task.lacks:
                whole = await read(f"task|{task.ref.key}", lambda: adapter.get_task(task.ref))
            if whole is not None and _uses(whole, self.package):
                self.found.append(whole)

        await few_at_once(look_at, [task for task in snapshot.rows.values() if self.wanted(task)], limit=_AT_ONCE)


def _uses(task: Task, package: Package) -> bool:
    refs = (task.package_ref, *task.other_package_refs)
    return any(ref is not None and ref.key == package.ref.key for ref in refs)


def _ran_out(stack: BackendStack, limit: timedelta) -> BackendUnavailable:
    return BackendUnavailable(
        f"The search for tasks that use the package did not finish within {limit.total_seconds():g} s in backend "
        f"{stack.name}.",
        backend=stack.name,
    )
