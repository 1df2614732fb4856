"""Record: what a change leaves for the ledger while it runs, so that it can be told afterwards, and after a crash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.domain.execution import Execution
from gateway.domain.ids import ObjectId
from gateway.domain.package import Package
from gateway.domain.task import Task
from gateway.ledger import Ledger
from gateway.services.mutations.plain import plain


@dataclass(slots=True)
class Record:
    """One change. `left` is the object as it was read after the call, `calls` how many calls may have been sent."""

    ledger: Ledger
    entry_id: str
    after: dict[str, Any] | None = None
    left: object | None = None
    calls: int = 0
    request_ids: list[str] = field(default_factory=list)
    tombstones: list[ObjectId] = field(default_factory=list)

    async def note_before(self, before: dict[str, Any] | None) -> None:
        """Write down what stands there, before the vendor is called: after a crash it is what to compare with."""
        await self.ledger.note_before(self.entry_id, before or {})

    async def note_call(self, objects: Mapping[str, Sequence[Task | Package | Execution]], **wanted: object) -> None:
        """Write down that a call is about to be sent, for these objects by target as given.

        Nothing may be sent when this raises. `wanted` is what tells afterwards whether it was carried out.
        """
        number = self.calls
        self.calls += 1
        noted = {target: [data for one in some if (data := plain(one))] for target, some in objects.items()}
        await self.ledger.note_call(self.entry_id, number, noted, wanted)

    def answered(self, request_id: str | None) -> None:
        """Keep the vendor's id of a request, if it gave one."""
        if request_id:
            self.request_ids.append(request_id)
