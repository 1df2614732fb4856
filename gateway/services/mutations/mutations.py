"""All changes, by the names that faces call them by."""

from gateway.domain.outcomes import MutationResult
from gateway.ledger import Ledger
from gateway.services.caller import Caller
from gateway.services.inputs import (
    CancelDevices,
    CreateTask,
    DeleteExecution,
    DestroyObject,
    ReleaseExecutions,
    UpdateTask,
)
from gateway.services.mutations.cancel_devices import DeviceCancels
from gateway.services.mutations.deletions import Deletions
from gateway.services.mutations.desk import Desk
from gateway.services.mutations.releases import Releases
from gateway.services.mutations.task_changes import TaskChanges
from gateway.services.package_users import PackageUsers
from gateway.services.seen_backends import SeenBackends
from gateway.services.shelves import Shelves


class Mutations:
    """Every answer is a MutationResult; refusals are in it, none is raised."""

    def __init__(
        self,
        backends: SeenBackends,
        ledger: Ledger,
        shelves: Shelves,
        users: PackageUsers,
    ) -> None:
        self._desk = Desk(backends, ledger)
        self._changes = TaskChanges(self._desk, shelves)
        self._releases = Releases(self._desk, shelves)
        self._deletions = Deletions(self._desk, shelves, users)
        self._cancels = DeviceCancels(self._desk)

    async def create_task(self, caller: Caller, change: CreateTask) -> MutationResult:
        """Create a task."""
        return await self._changes.create(caller, change)

    async def update_task(self, caller: Caller, change: UpdateTask) -> MutationResult:
        """Change a task's description or configuration."""
        return await self._changes.update(caller, change)

    async def confirm_task(self, caller: Caller, change: ReleaseExecutions) -> MutationResult:
        """Let devices that wait for a confirmation go on."""
        return await self._releases.confirm(caller, change)

    async def retry_task(self, caller: Caller, change: ReleaseExecutions) -> MutationResult:
        """Try failed devices again."""
        return await self._releases.retry(caller, change)

    async def cancel_task(self, caller: Caller, change: DestroyObject) -> MutationResult:
        """Cancel what of a task has not finished."""
        return await self._changes.cancel(caller, change)

    async def delete_task(self, caller: Caller, change: DestroyObject) -> MutationResult:
        """Delete a task."""
        return await self._deletions.task(caller, change)

    async def delete_package(self, caller: Caller, change: DestroyObject) -> MutationResult:
        """Delete exactly one package."""
        return await self._deletions.package(caller, change)

    async def cancel_devices(self, caller: Caller, change: CancelDevices) -> MutationResult:
        """Cancel single devices."""
        return await self._cancels.cancel(caller, change)

    async def delete_execution(self, caller: Caller, change: DeleteExecution) -> MutationResult:
        """Delete exactly one execution."""
        return await self._deletions.execution(caller, change)

    async def finish(self, within: float | None = None) -> None:
        """Wait for the changes under way, for so many seconds at most; what takes longer stays open in the ledger."""
        await self._desk.finish(within)
