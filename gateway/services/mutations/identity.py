"""Whether what stands there is still what the caller named. The heart of never deleting the wrong thing."""

from typing import TypeVar

from gateway.backends.stack import BackendStack
from gateway.domain.errors import GatewayError, GenerationChanged, InvalidInput, NotFound
from gateway.domain.execution import Execution
from gateway.domain.fingerprint import same_fingerprint
from gateway.domain.ids import Kind, ObjectId, decode, same_generation
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.statuses import TERMINAL_EXECUTION_STATUSES
from gateway.domain.task import Task
from gateway.ledger import Ledger
from gateway.services.caller import Caller
from gateway.services.seen_backends import SeenBackends

Subject = TypeVar("Subject", Task, Package, Execution)


def named(
    backends: SeenBackends, caller: Caller, operation: Operation, text: str, kind: Kind, path: tuple[str, ...]
) -> tuple[BackendStack, ObjectId]:
    """The backend and key that an id names, for an operation on it.

    Raises InvalidInput with the path of the member that held the id, and NotFound for what the caller does not see.
    """
    try:
        ref = decode(text, kind)
        stack = backends.of(caller, ref, operation)
        stack.adapter.check_key(ref)
    except InvalidInput as error:
        raise InvalidInput(error.message, path=path, rule=error.rule, target=text) from None
    return stack, ref


async def refuse_deleted(ledger: Ledger, ref: ObjectId, target: str) -> None:
    """Raise NotFound for what was deleted through this gateway: what stands under its key by now is something else.

    The generation tells them apart, unless a vendor prints whole seconds and was quick.
    """
    if await ledger.tombstone(ref) is not None:
        raise NotFound("It was deleted through this gateway before.", backend=ref.backend, target=target)


def check_identity(found: Subject | None, asked: ObjectId, *, target: str, expected_fingerprint: str | None) -> Subject:
    """What was found, if it is what was asked for. Raises NotFound or GenerationChanged with what stands there now."""
    if found is None:
        raise NotFound("It does not exist (any more) at the vendor.", backend=asked.backend, target=target)
    # An id without a generation, where the vendor's objects have one, would name whatever stands there.
    nameless = not asked.generation and bool(found.ref.generation)
    if nameless or not same_generation(asked.generation, found.ref.generation):
        raise GenerationChanged(
            "Another object stands under this key by now. Read it, and name it by its own id if it is what you mean.",
            expected=target,
            found=found.id,
            backend=asked.backend,
            target=target,
        )
    if expected_fingerprint is not None and not same_fingerprint(expected_fingerprint, found.fingerprint):
        raise GenerationChanged(
            "This is not the object whose fingerprint was given. Read it again before deciding.",
            expected=expected_fingerprint,
            found=found.fingerprint,
            backend=asked.backend,
            target=target,
        )
    return found


def is_another(before: Task | Package | Execution, found: Task | Package | Execution) -> bool:
    """Whether a second look shows another object under the same key: other generation, other fingerprint, or younger.

    AWS may put a new execution under the number of a deleted one within the same second; a record that went back from
    a terminal state, or whose version fell, is a new one.
    """
    if not same_generation(before.ref.generation, found.ref.generation):
        return True
    if not same_fingerprint(before.fingerprint, found.fingerprint):
        return True
    if isinstance(before, Execution) and isinstance(found, Execution):
        if before.version is not None and found.version is not None and found.version < before.version:
            return True
        return before.status in TERMINAL_EXECUTION_STATUSES and found.status not in TERMINAL_EXECUTION_STATUSES
    return False


def as_given(error: GatewayError, target: str) -> GatewayError:
    """The error, naming its target as the caller did."""
    error.target = error.target or target
    return error
