"""Which tasks use a package: asked of the vendor where it lists them so, else found by reading all its tasks."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

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
from gateway.services.inputs import Direction
from gateway.services.merged_list import Whole, merged
from gateway.services.shelves import Shelves
from gateway.services.sort_keys import by_moment

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
    """What the search found. `missing` says why it could not finish, None when it did."""

    tasks: list[Task]
    missing: GatewayError | None


class PackageUsers:
    """The search."""

    def __init__(self, shelves: Shelves, cursors: CursorKey) -> None:
        self._shelves = shelves
        self._cursors = cursors

    async def find(self, stack: BackendStack, caller: Caller, package: Package, *, live_only: bool) -> Users:
        """The tasks of a backend that use a package, within the backend's `timeout`."""
        found: list[Task] = []
        try:
            async with asyncio.timeout(stack.pace.timeout.total_seconds()):
                if not await self._by_package(stack, caller, package, found):
                    await self._among_all(stack, caller, package, found, live_only=live_only)
        except GatewayError as error:
            return Users(found, error)
        except TimeoutError:
            return Users(found, _ran_out(stack, stack.pace.timeout))
        return Users([task for task in found if not (live_only and task.status in FINISHED)], None)

    async def page(
        self, stack: BackendStack, caller: Caller, package: Package, *, first: int, after: str | None
    ) -> Connection[Task]:
        """The users as a page, newest first."""
        users = await self.find(stack, caller, package, live_only=False)
        rows = {task.ref.key: task for task in users.tasks}
        snapshot = Snapshot(rows, package.observed_at)

        async def take() -> Snapshot[Task]:
            return snapshot

        page = await merged(
            [Whole(name=stack.name, snapshot=take)],
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

    async def _by_package(self, stack: BackendStack, caller: Caller, package: Package, found: list[Task]) -> bool:
        after: str | None = None
        while True:
            request = PageRequest(stack.manifest.task_page_size, after)
            page = (
                await ask(
                    stack,
                    caller,
                    f"package_tasks|{package.ref.key}|{request}",
                    lambda request=request: stack.adapter.list_package_tasks(package.ref, request),  # type: ignore[misc]
                )
            ).value
            if page is None:
                return False
            found.extend(page.rows)
            if page.next is None or page.next == after:
                return True
            after = page.next

    async def _among_all(
        self, stack: BackendStack, caller: Caller, package: Package, found: list[Task], *, live_only: bool
    ) -> None:
        shelf = self._shelves.tasks[stack.name]
        snapshot = await shelf.get(filter_key="", keep=lambda _: True, narrowed=False, fresh=caller.fresh)
        candidates = [task for task in snapshot.rows.values() if not (live_only and task.status in FINISHED)]
        limit = asyncio.Semaphore(_AT_ONCE)

        async def whole(task: Task) -> Task | None:
            if "package_ref" not in task.lacks:
                return task
            async with limit:
                answer = await ask(stack, caller, f"task|{task.ref.key}", lambda: stack.adapter.get_task(task.ref))
                return answer.value

        found.extend(
            task
            for task in await asyncio.gather(*(whole(task) for task in candidates))
            if task is not None and _uses(task, package)
        )


def _uses(task: Task, package: Package) -> bool:
    refs = (task.package_ref, *task.other_package_refs)
    return any(ref is not None and ref.key == package.ref.key for ref in refs)


def _ran_out(stack: BackendStack, limit: timedelta) -> BackendUnavailable:
    return BackendUnavailable(
        f"The search for tasks that use the package did not finish within {limit.total_seconds():g} s in backend "
        f"{stack.name}.",
        backend=stack.name,
    )
