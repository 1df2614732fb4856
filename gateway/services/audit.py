"""Reading the audit, newest first."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.backends.registry import BackendRegistry
from gateway.domain.audit import AuditEntry, AuditFilter
from gateway.domain.operations import Operation
from gateway.ledger import Ledger
from gateway.services.caller import Caller
from gateway.services.connection import Connection
from gateway.services.cursors import CursorKey, binding
from gateway.services.denials import Denials
from gateway.services.input_rules import check_first, check_range

ALL_BACKENDS: Final = "*"
"""What entries about the audit itself name: a right to it is one to the audit of whatever there is or was."""


class AuditReads:
    """Reading audit entries."""

    def __init__(self, ledger: Ledger, cursors: CursorKey, registry: BackendRegistry, denials: Denials) -> None:
        self._ledger = ledger
        self._cursors = cursors
        self._registry = registry
        self._denials = denials

    async def list(self, caller: Caller, first: int, after: str | None, wanted: AuditFilter) -> Connection[AuditEntry]:
        """One page of what the caller may read. Raises PermissionDenied, InvalidInput, or BackendUnavailable without
        the ledger.
        """
        check_first(first)
        check_range(wanted.after, wanted.before, ("filter", "after"))
        wanted, any_readable = self._readable(caller, wanted)
        bound = binding("audit", wanted)
        last: tuple[datetime, str] | None = None
        if after is not None:
            at, entry_id = self._cursors.read(bound, after)
            last = (datetime.fromisoformat(at), entry_id)
        caller.freshness.over()
        rows = await self._ledger.entries(wanted, first=first + 1, after=last) if any_readable else []
        nodes = rows[:first]
        return Connection(
            nodes=nodes,
            has_next_page=len(rows) > first,
            has_previous_page=after is not None,
            cursor_at=lambda index: self._cursors.sign(bound, [nodes[index].at.isoformat(), nodes[index].id]),
        )

    async def get(self, caller: Caller, entry_id: str) -> AuditEntry | None:
        """One entry by its id; None where there is none, or none that the caller may read."""
        if not caller.principal.rights.reads_any_audit:
            self._denials.tell(caller, Operation.READ_AUDIT, ALL_BACKENDS, [entry_id])
            return None
        caller.freshness.over()
        entry = await self._ledger.entry(entry_id)
        if entry is not None and not caller.principal.rights.reads_audit(entry.backend):
            self._denials.tell(caller, Operation.READ_AUDIT, entry.backend, [entry_id])
            return None
        return entry

    def _readable(self, caller: Caller, wanted: AuditFilter) -> tuple[AuditFilter, bool]:
        """The filter, less the backends whose audit the caller may not read, and whether it leaves any.

        Without names a filter lets every backend through, those included that are configured no more.
        """
        rights = caller.principal.rights
        if rights.reads_audit(ALL_BACKENDS):
            return wanted, True
        if not rights.reads_any_audit:
            raise self._denials.tell(caller, Operation.READ_AUDIT, ALL_BACKENDS)
        names = [name for name in wanted.backends or self._registry.names() if rights.reads_audit(name)]
        return replace(wanted, backends=names), bool(names)
