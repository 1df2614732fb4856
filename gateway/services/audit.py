"""Reading the audit, newest first."""

from datetime import datetime

from gateway.domain.audit import AuditEntry, AuditFilter
from gateway.ledger import Ledger
from gateway.services.caller import Caller
from gateway.services.connection import Connection
from gateway.services.cursors import CursorKey, binding
from gateway.services.input_rules import check_first, check_range


class AuditReads:
    """Reading audit entries."""

    def __init__(self, ledger: Ledger, cursors: CursorKey) -> None:
        self._ledger = ledger
        self._cursors = cursors

    async def list(self, caller: Caller, first: int, after: str | None, wanted: AuditFilter) -> Connection[AuditEntry]:
        """One page. Raises InvalidInput, or BackendUnavailable without the ledger."""
        check_first(first)
        check_range(wanted.after, wanted.before, ("filter", "after"))
        bound = binding("audit", wanted)
        last: tuple[datetime, str] | None = None
        if after is not None:
            at, entry_id = self._cursors.read(bound, after)
            last = (datetime.fromisoformat(at), entry_id)
        rows = await self._ledger.entries(wanted, first=first + 1, after=last)
        nodes = rows[:first]
        return Connection(
            nodes=nodes,
            has_next_page=len(rows) > first,
            has_previous_page=after is not None,
            cursor_at=lambda index: self._cursors.sign(bound, [nodes[index].at.isoformat(), nodes[index].id]),
        )

    async def get(self, caller: Caller, entry_id: str) -> AuditEntry | None:
        """One entry by its id."""
        return await self._ledger.entry(entry_id)
