"""The global orders: every backend's snapshot, cut at the cursor and merged. Pages of what is read cost no call."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, Generic, TypeVar

from gateway.backends.snapshot import Identified, Snapshot
from gateway.domain.errors import GatewayError
from gateway.services.connection import BackendResult, BackendResultStatus, Connection
from gateway.services.cursors import CursorKey
from gateway.services.inputs import Direction
from gateway.services.sort_keys import held, revive

Row = TypeVar("Row", bound=Identified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Generic[Row]):
    """One backend's part in a merged list: its snapshot, or why it has none to give.

    `ready` is a snapshot that stands there already; without it `snapshot` is awaited.
    """

    name: str
    snapshot: Callable[[], Awaitable[Snapshot[Row]]]
    ready: Snapshot[Row] | None = None
    skipped: GatewayError | None = None


async def merged(
    wholes: Sequence[Whole[Row]],
    *,
    order: tuple[str, Direction],
    key_of: Callable[[Row], tuple[Any, ...]],
    keep: Callable[[Row], bool],
    first: int,
    after: str | None,
    key: CursorKey,
    binding: bytes,
) -> Connection[Row]:
    """One page of the global order. All backends are asked at once; one that fails is named and left out."""
    last = revive(key.read(binding, after), order[1]) if after is not None else None
    known = [_known(whole) for whole in wholes]
    missing = [whole for whole, part in zip(wholes, known, strict=True) if part is None]
    taken = iter(await asyncio.gather(*(_take(whole) for whole in missing)) if missing else ())
    parts = [next(taken) if part is None else part for part in known]
    runs = []
    for snapshot, _ in parts:
        if snapshot is not None:
            rows, start = snapshot.after(order, key_of, last)
            runs.append(row for row in islice(rows, start, None) if keep(row))
    page = list(islice(merge(*runs, key=key_of), first + 1))
    nodes = page[:first]
    return Connection(
        nodes=nodes,
        has_next_page=len(page) > first,
        has_previous_page=after is not None,
        cursor_at=lambda at: key.sign(binding, held(key_of(nodes[at]))),
        backends=[result for _, result in parts],
    )


_Part = tuple[Snapshot[Row] | None, BackendResult]


def _known(whole: Whole[Row]) -> _Part[Row] | None:
    """The part of a backend that nobody has to wait for."""
    if whole.skipped is not None:
        return None, BackendResult(name=whole.name, status=BackendResultStatus.SKIPPED, error=whole.skipped)
    return None if whole.ready is None else _given(whole, whole.ready)


async def _take(whole: Whole[Row]) -> _Part[Row]:
    try:
        return _given(whole, await whole.snapshot())
    except GatewayError as error:
        return None, BackendResult(name=whole.name, status=BackendResultStatus.FAILED, error=error)


def _given(whole: Whole[Row], snapshot: Snapshot[Row]) -> _Part[Row]:
    return snapshot, BackendResult(name=whole.name, status=BackendResultStatus.OK, fetched_at=snapshot.fetched_at)
