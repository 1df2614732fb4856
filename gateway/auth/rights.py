"""Rights: what a principal may do, backend by backend.

A grant gives operations on backends. Reading is one right, `READ`; each change is the right of its operation. The
vendors' own JSON (`raw`), the audit, and the schema's own description are rights of their own: no change implies them,
and no reading does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from gateway.domain.operations import Operation

READ: Final = "READ"
"""Seeing a backend, its tasks, packages, executions and devices."""

_READS: Final = frozenset(
    {Operation.LIST_TASKS, Operation.LIST_PACKAGES, Operation.LIST_EXECUTIONS, Operation.LIST_DEVICE_EXECUTIONS}
)
CHANGES: Final = frozenset(Operation) - _READS - {Operation.READ_AUDIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Operations on backends. `operations` holds READ and changes; `backends` names with `*` for any characters."""

    operations: frozenset[str] = frozenset()
    backends: tuple[str, ...] = ()
    raw: bool = False
    audit: bool = False

    def covers(self, backend: str) -> bool:
        """Whether it is about this backend."""
        return any(fnmatchcase(backend, pattern) for pattern in self.backends)


class Rights:
    """The sum of some grants: what one of them allows is allowed.

    `explores`: the schema's own description, too. `reads_metrics`: how the gateway and all its backends fare.
    """

    def __init__(self, grants: Iterable[Grant] = (), *, explores: bool = False, reads_metrics: bool = False) -> None:
        self._grants = tuple(grants)
        self.explores = explores
        self.reads_metrics = reads_metrics
        # Backends are few and configured, so the answers are too; names that callers invent are not asked for here.
        self._may = lru_cache(maxsize=4096)(self._judge)

    def sees(self, backend: str) -> bool:
        """Whether the backend and its objects exist for this principal."""
        return self._may(READ, backend)

    def may(self, operation: Operation, backend: str) -> bool:
        """Whether this change may be made there. What one does not see, one may not change either."""
        return self._may(READ, backend) and self._may(READ if operation in _READS else operation.value, backend)

    def reads_raw(self, backend: str) -> bool:
        """Whether the vendor's own JSON of its objects may be read."""
        return self._may(READ, backend) and self._may("raw", backend)

    def reads_audit(self, backend: str) -> bool:
        """Whether the audit entries of this backend may be read."""
        return self._may("audit", backend)

    @property
    def reads_any_audit(self) -> bool:
        """Whether there is a backend, configured or not, whose audit entries may be read."""
        return any(grant.audit and grant.backends for grant in self._grants)

    def _judge(self, what: str, backend: str) -> bool:
        return any(
            (grant.raw if what == "raw" else grant.audit if what == "audit" else what in grant.operations)
            and grant.covers(backend)
            for grant in self._grants
        )


class _Everything(Rights):
    """All rights, without looking at grants: who serves loopback without authentication asks at each object."""

    def __init__(self) -> None:
        super().__init__(explores=True, reads_metrics=True)

    def sees(self, backend: str) -> bool:
        """Yes."""
        return True

    def may(self, operation: Operation, backend: str) -> bool:
        """Yes."""
        return True

    def reads_raw(self, backend: str) -> bool:
        """Yes."""
        return True

    def reads_audit(self, backend: str) -> bool:
        """Yes."""
        return True

    @property
    def reads_any_audit(self) -> bool:
        """Yes."""
        return True


EVERYTHING: Final[Rights] = _Everything()
NOTHING: Final[Rights] = Rights()
