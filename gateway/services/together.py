"""Reading many objects of one kind by their ids, as a federation's router asks for them.

One at a time, two hundred are two hundred calls, which no account's budget has within a read's time. A list takes a
call a page. So what a kept list shows is taken from it, as a list's rows are; and where many are left, the list is
read, once for all who want it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.backends.shelf import SnapshotShelf
from gateway.backends.snapshot import Identified, Snapshot
from gateway.backends.stack import BackendStack
from gateway.domain.errors import BackendUnavailable, GatewayError, InvalidInput
from gateway.domain.ids import ObjectId, same_generation
from gateway.domain.operations import Operation
from gateway.services.asking import remembering
from gateway.services.backend_lists import each_or_error
from gateway.services.caller import Caller
from gateway.services.freshness import told
from gateway.services.seen_backends import SeenBackends

Row = TypeVar("Row", bound=Identified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Together(Generic[Row]):
    """How one kind is read so. `get` reads one, whole; `kept_as` names a whole one in the backend's cache.

    `lists_from` is from how many objects of a backend on its list is read; None where a list may take more calls than
    its rows one by one, because the vendor lists them parent by parent.
    """

    backends: SeenBackends
    shelves: Mapping[str, SnapshotShelf[Row]]
    operation: Operation
    lists_from: int | None
    kept_as: Callable[[ObjectId], str]
    get: Callable[[Caller, ObjectId], Awaitable[Row | None]]

    async def read(self, caller: Caller, refs: Sequence[ObjectId]) -> Sequence[Row | GatewayError | None]:
        """The objects in the order asked: as a list shows them or whole, None for what is not there, or its error."""
        by_backend: dict[str, list[ObjectId]] = {}
        for ref in dict.fromkeys(refs):
            by_backend.setdefault(ref.backend, []).append(ref)
        found: dict[ObjectId, Row | GatewayError | None] = {}
        for part in await asyncio.gather(*(self._of_backend(caller, group) for group in by_backend.values())):
            found |= part
        return [found[ref] for ref in refs]

    async def _of_backend(self, caller: Caller, refs: list[ObjectId]) -> dict[ObjectId, Row | GatewayError | None]:
        try:
            stack = self.backends.holding(caller, refs[0])
            if stack is None:
                return dict.fromkeys(refs)
            lacking = [
                ref for ref in refs if caller.fresh or stack.peek(self.kept_as(ref), max_age=caller.max_age) is None
            ]
            snapshot = await self._list(stack, caller, len(lacking))
        except GatewayError as error:
            return dict.fromkeys(refs, error)
        found: dict[ObjectId, Row | GatewayError | None] = {}
        if snapshot is not None and (listed := dict(_rows(snapshot, lacking))):
            found.update(listed)
            told(caller, stack, snapshot.fetched_at)
        rest = [ref for ref in refs if ref not in found]
        return found | dict(zip(rest, await each_or_error(rest, lambda ref: self.get(caller, ref)), strict=True))

    async def _list(self, stack: BackendStack, caller: Caller, wanted: int) -> Snapshot[Row] | None:
        """The list to take rows from, read for it if that is worth it."""
        if not wanted or caller.max_age is not None:
            return None
        shelf, fresh = self.shelves[stack.name], caller.fresh
        kept = shelf.ready(filter_key="", narrowed=False, fresh=fresh)
        if kept is not None or self.lists_from is None or wanted < self.lists_from:
            return kept
        if not stack.backend.supports(self.operation):
            return None
        try:
            return await remembering(
                stack, caller, lambda: shelf.get(filter_key="", keep=lambda _: True, narrowed=False, fresh=fresh)
            )
        except InvalidInput:
            # More rows than a list is read whole of: one by one, as far as the budget goes.
            return None
        except BackendUnavailable:
            # Not ready in time, but for whoever asks next: those that the budget has time for are read one by one.
            affordable = stack.pace.calls_per_second * stack.pace.timeout.total_seconds()
            if shelf.is_being_read and wanted <= affordable:
                return None
            raise


def _rows(snapshot: Snapshot[Row], refs: Sequence[ObjectId]) -> Iterator[tuple[ObjectId, Row]]:
    for ref in refs:
        row = snapshot.rows.get(ref.key)
        if row is not None and (not ref.generation or same_generation(ref.generation, row.ref.generation)):
            yield ref, row
