"""Services: every use case, put together over the configured backends and the ledger."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.backends.health import BackendHealth
from gateway.backends.registry import BackendRegistry
from gateway.domain.backend import Backend
from gateway.domain.device import Device, device
from gateway.domain.execution import Execution
from gateway.domain.operations import Affordance
from gateway.domain.package import Package
from gateway.domain.task import Task
from gateway.ledger import Ledger
from gateway.services.affordances import allowed_operations
from gateway.services.asking import named_stack
from gateway.services.audit import AuditReads
from gateway.services.cursors import CursorKey
from gateway.services.executions import ExecutionReads
from gateway.services.mutations.mutations import Mutations
from gateway.services.package_users import PackageUsers
from gateway.services.packages import PackageReads
from gateway.services.shelves import Shelves
from gateway.services.tasks import TaskReads
from gateway.services.watching import Watching


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Services:
    """What a face may call. `cursor_secret` signs cursors; replicas that share traffic share it."""

    def __init__(
        self,
        registry: BackendRegistry,
        ledger: Ledger,
        *,
        cursor_secret: bytes,
        watch_interval: timedelta = timedelta(seconds=2),
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._registry = registry
        self._shelves = Shelves(registry, now)
        cursors = CursorKey(cursor_secret)
        users = PackageUsers(self._shelves, cursors, now)
        self.tasks = TaskReads(registry, self._shelves, cursors)
        self.packages = PackageReads(registry, self._shelves, cursors, users)
        self.executions = ExecutionReads(registry, cursors)
        self.audit = AuditReads(ledger, cursors)
        self.mutations = Mutations(registry, ledger, self._shelves, users)
        self.watching = Watching(self.tasks, self.executions, watch_interval)

    def backend_list(self) -> list[Backend]:
        """All backends, in the order of the configuration."""
        return [stack.backend for stack in self._registry]

    def backend(self, name: str) -> Backend | None:
        """The backend of that name."""
        stack = self._registry.find(name)
        return None if stack is None else stack.backend

    def health(self, backend: Backend) -> BackendHealth:
        """What the last minute says of a backend."""
        return named_stack(self._registry, backend.name, path=("name",)).health()

    def device(self, backend_name: str, name: str, product_key: str | None) -> Device:
        """A device by its native names. Raises InvalidInput for an unknown backend or an impossible name."""
        stack = named_stack(self._registry, backend_name, path=("backend",))
        one = device(stack.backend, name, product_key)
        stack.adapter.check_key(one.ref)
        return one

    def allowed_operations(self, subject: Task | Package | Execution) -> list[Affordance]:
        """What may be done with an object as it stands."""
        return allowed_operations(named_stack(self._registry, subject.backend.name, path=("id",)), subject)

    async def aclose(self) -> None:
        """Finish the changes under way, and stop reading."""
        await self.mutations.finish()
        await self._shelves.aclose()
        for stack in self._registry:
            await stack.aclose()
