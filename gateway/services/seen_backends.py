"""The configured backends, as each caller sees them: one that may not be seen does not exist.

Whoever sees all backends is told when a name or an id leads to none. Whoever does not is told the same of one that is
hidden as of one that is not there, and the attempt is audited.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from gateway.auth import EVERYTHING
from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.domain.errors import InvalidInput, NotFound
from gateway.domain.ids import Kind, ObjectId
from gateway.domain.operations import Operation
from gateway.services.caller import Caller
from gateway.services.denials import Denials
from gateway.services.inputs import PackageFilter, TaskFilter

Wanted = TypeVar("Wanted", TaskFilter, PackageFilter)

_READING: Final = {
    Kind.TASK: Operation.LIST_TASKS,
    Kind.PACKAGE: Operation.LIST_PACKAGES,
    Kind.EXECUTION: Operation.LIST_EXECUTIONS,
    Kind.DEVICE: Operation.LIST_DEVICE_EXECUTIONS,
}


class SeenBackends:
    """Finds backends for callers. `operation` is what for; without it, reading what the id is of."""

    def __init__(self, registry: BackendRegistry, denials: Denials) -> None:
        self._registry = registry
        self._denials = denials

    def all(self, caller: Caller) -> Sequence[BackendStack]:
        """Those the caller sees, in the order of the configuration."""
        rights = caller.principal.rights
        if rights is EVERYTHING:
            return self._registry.all
        return [stack for stack in self._registry if rights.sees(stack.name)]

    def of(self, caller: Caller, ref: ObjectId, operation: Operation | None = None) -> BackendStack:
        """The backend an id belongs to. Raises NotFound, or InvalidInput for one who sees all there are."""
        stack = self._seen(caller, ref.backend, operation or _READING[ref.kind], str(ref))
        if stack is not None:
            return stack
        if self._sees_all(caller):
            raise self._no_such(caller, ("id",))
        raise NotFound("There is no such object.", target=str(ref))

    def holding(self, caller: Caller, ref: ObjectId) -> BackendStack | None:
        """The backend to read an id's object from; None where the caller is not to know more than that there is none.

        Raises InvalidInput for one who sees all there are.
        """
        try:
            return self.of(caller, ref)
        except NotFound:
            return None

    def named(
        self, caller: Caller, name: str, operation: Operation = Operation.LIST_TASKS, *, path: Sequence[str]
    ) -> BackendStack:
        """The backend of that name. Raises InvalidInput with the path of the member that named it."""
        stack = self._seen(caller, name, operation, name)
        if stack is None:
            raise self._no_such(caller, path)
        return stack

    def find(self, caller: Caller, name: str) -> BackendStack | None:
        """The backend of that name, if there is one that the caller sees."""
        return self._seen(caller, name, Operation.LIST_TASKS, name)

    def selected(
        self, caller: Caller, backends: Sequence[str] | None, vendors: Sequence[str] | None
    ) -> Sequence[BackendStack]:
        """Those a filter lets through, in the order of the configuration. Raises InvalidInput for an unknown name."""
        if backends is None and vendors is None:
            return self.all(caller)
        named = [
            self.named(caller, name, path=("filter", "backends", str(index)))
            for index, name in enumerate(backends or ())
        ]
        if len(named) == 1 and vendors is None:
            return named
        wanted_names = None if backends is None else set(backends)
        wanted_vendors = None if vendors is None else {str(vendor) for vendor in vendors}
        return [
            stack
            for stack in self.all(caller)
            if (wanted_names is None or stack.name in wanted_names)
            and (wanted_vendors is None or stack.backend.vendor in wanted_vendors)
        ]

    def check_raw(self, caller: Caller, ref: ObjectId) -> None:
        """Raise PermissionDenied unless the caller may read the vendor's own JSON of that object."""
        if not caller.principal.rights.reads_raw(ref.backend):
            raise self._denials.tell(caller, _READING[ref.kind], ref.backend, [f"raw of {ref}"])

    def _seen(self, caller: Caller, name: str, operation: Operation, target: str) -> BackendStack | None:
        stack = self._registry.find(name)
        if stack is not None and not caller.principal.rights.sees(name):
            self._denials.tell(caller, operation, name, [target])
            return None
        return stack

    def _sees_all(self, caller: Caller) -> bool:
        return all(caller.principal.rights.sees(name) for name in self._registry.names())

    def _no_such(self, caller: Caller, path: Sequence[str]) -> InvalidInput:
        names = ", ".join(stack.name for stack in self.all(caller)) or "none"
        rule = f"one of the configured backends: {names}"
        return InvalidInput(f"There is no backend of that name. Expected {rule}.", path=path, rule=rule)


def narrowed_to_seen(caller: Caller, wanted: Wanted, stacks: Sequence[BackendStack]) -> Wanted:
    """The filter, naming the backends it comes to, unless all are seen: who sees others must not share what is kept."""
    if caller.principal.rights is EVERYTHING:
        return wanted
    return replace(wanted, backends=tuple(stack.name for stack in stacks))
