"""Services: every use case, put together over the configured backends and the ledger."""

from collections.abc import Callable
from datetime import UTC, datetime

from gateway.backends.health import BackendHealth
from gateway.backends.registry import BackendRegistry
from gateway.domain.backend import Backend
from gateway.domain.device import Device, device
from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.operations import Affordance, Operation
from gateway.domain.package import Package
from gateway.domain.task import Task
from gateway.ledger import Ledger
from gateway.services.affordances import allowed_operations
from gateway.services.audit import AuditReads
from gateway.services.caller import Caller
from gateway.services.cursors import CursorKey
from gateway.services.denials import Denials
from gateway.services.executions import ExecutionReads
from gateway.services.mutations.mutations import Mutations
from gateway.services.mutations.recovery import Recovery, RecoveryPauses
from gateway.services.package_users import PackageUsers
from gateway.services.packages import PackageReads
from gateway.services.seen_backends import SeenBackends
from gateway.services.shelves import Shelves
from gateway.services.standing import standing
from gateway.services.tasks import TaskReads
from gateway.services.watching import Watching, WatchPace


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
        watching: WatchPace | None = None,
        recovering: RecoveryPauses | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._registry = registry
        self._ledger = ledger
        self._denials = Denials(ledger)
        self._backends = backends = SeenBackends(registry, self._denials)
        self._shelves = Shelves(registry, now)
        cursors = CursorKey(cursor_secret)
        users = PackageUsers(self._shelves, cursors, now)
        self.tasks = TaskReads(backends, self._shelves, cursors)
        self.packages = PackageReads(backends, self._shelves, cursors, users)
        self.executions = ExecutionReads(backends, cursors)
        self.audit = AuditReads(ledger, cursors, registry, self._denials)
        self.mutations = Mutations(backends, ledger, self._shelves, users)
        self.watching = Watching(registry, backends, self.tasks, self.executions, watching or WatchPace())
        self._recovery = Recovery(registry, ledger, self._shelves, now, recovering or RecoveryPauses())

    def recover(self) -> None:
        """Begin to read back and close what processes that live no more left open, until `aclose`."""
        self._recovery.start()

    def backend_list(self, caller: Caller) -> list[Backend]:
        """The backends that the caller sees, in the order of the configuration."""
        return [stack.backend for stack in self._backends.all(caller)]

    def backend(self, caller: Caller, name: str) -> Backend | None:
        """The backend of that name."""
        stack = self._backends.find(caller, name)
        return None if stack is None else stack.backend

    def health(self, caller: Caller, backend: Backend) -> BackendHealth:
        """What the last minute says of a backend."""
        caller.freshness.over()
        return self._backends.named(caller, backend.name, path=("name",)).health()

    def device(self, caller: Caller, backend_name: str, name: str, product_key: str | None) -> Device:
        """A device by its native names. Raises InvalidInput for an unknown backend or an impossible name."""
        stack = self._backends.named(caller, backend_name, Operation.LIST_DEVICE_EXECUTIONS, path=("backend",))
        one = device(stack.backend, name, product_key)
        stack.adapter.check_key(one.ref)
        return one

    def device_of(self, caller: Caller, ref: ObjectId) -> Device | None:
        """The device of that id; None in a backend that the caller does not see."""
        stack = self._backends.holding(caller, ref)
        if stack is None:
            return None
        stack.adapter.check_key(ref)
        *product_key, name = ref.key
        return device(stack.backend, name, product_key[0] if product_key else None)

    def allowed_operations(self, caller: Caller, subject: Task | Package | Execution) -> list[Affordance]:
        """What the caller may do with an object as it stands."""
        return allowed_operations(caller, self._backends.of(caller, subject.ref), subject)

    def check_raw(self, caller: Caller, subject: Task | Package | Execution) -> None:
        """Raise PermissionDenied unless the caller may read the vendor's own JSON of an object."""
        self._backends.check_raw(caller, subject.ref)

    async def standing(self) -> dict[str, object]:
        """How backends, ledger and shared cache stand."""
        return await standing(self._registry, self._ledger)

    async def aclose(self, within: float | None = None) -> None:
        """Finish the changes under way, in so many seconds at most, and stop reading."""
        await self.watching.aclose()
        await self._recovery.aclose()
        await self.mutations.finish(within)
        await self._denials.aclose()
        await self._shelves.aclose()
        for stack in self._registry:
            await stack.aclose()
