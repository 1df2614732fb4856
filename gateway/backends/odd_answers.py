"""Odd answers: what an adapter did not expect of its vendor, as an error of that one read and in the log."""

import secrets

import structlog

from gateway.domain.errors import GatewayError, VendorRejected

_log = structlog.get_logger(__name__)


def not_understood(problem: Exception, backend: str, target: str | None = None) -> GatewayError:
    """The error for a read that ended in something that is no GatewayError. The log has it, under the error's id."""
    if isinstance(problem, GatewayError):
        return problem
    number = secrets.token_hex(8)
    _log.error(
        "answer_not_understood",
        id=number,
        backend=backend,
        target=target,
        exc_info=(type(problem), problem, problem.__traceback__),
    )
    return VendorRejected(
        f"Backend {backend} answered something that cannot be understood. The log has it under the id {number}: "
        "please report it.",
        backend=backend,
        target=target,
    )
