"""What may be done with an object as it stands, and why not: by the same rules that refuse a change before its call."""

from gateway.backends.stack import BackendStack
from gateway.domain.execution import Execution
from gateway.domain.operations import Affordance, Operation
from gateway.domain.package import Package
from gateway.domain.task import Task
from gateway.services.asking import unsupported
from gateway.services.caller import Caller

_OF_TASK: tuple[Operation, ...] = (
    Operation.UPDATE_TASK,
    Operation.CONFIRM_TASK,
    Operation.RETRY_TASK,
    Operation.CANCEL_TASK,
    Operation.DELETE_TASK,
)
_OF_PACKAGE: tuple[Operation, ...] = (Operation.DELETE_PACKAGE,)
_OF_EXECUTION: tuple[Operation, ...] = (Operation.CANCEL_EXECUTION, Operation.DELETE_EXECUTION)


def allowed_operations(caller: Caller, stack: BackendStack, subject: Task | Package | Execution) -> list[Affordance]:
    """One affordance per operation that exists for such an object. Asks nobody."""
    if isinstance(subject, Task):
        operations = _OF_TASK
    elif isinstance(subject, Package):
        operations = _OF_PACKAGE
    else:
        operations = _OF_EXECUTION
    return [_affordance(caller, stack, operation, subject) for operation in operations]


def _affordance(
    caller: Caller, stack: BackendStack, operation: Operation, subject: Task | Package | Execution
) -> Affordance:
    if not stack.backend.supports(operation):
        return Affordance(operation=operation, allowed=False, reason=unsupported(stack, operation).message)
    if not caller.principal.rights.may(operation, stack.name):
        return Affordance(operation=operation, allowed=False, reason="You have no right to it.")
    if stack.backend.read_only:
        return Affordance(operation=operation, allowed=False, reason=f"Backend {stack.name} is read_only.")
    refusal = stack.adapter.refusal(operation, subject, force=False)
    if refusal is None:
        return Affordance(operation=operation, allowed=True)
    with_force = stack.backend.capability(operation).force and (
        stack.adapter.refusal(operation, subject, force=True) is None
    )
    return Affordance(operation=operation, allowed=with_force, needs_force=with_force, reason=refusal.message)
