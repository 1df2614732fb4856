"""The global orders: every backend's snapshot, cut at the cursor and merged. Pages of what is read cost no call."""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.backends.snapshot import Identified, Snapshot
from gateway.domain.errors import GatewayError
from gateway.services.connection import BackendResult, BackendResultStatus, Connection
from gateway.services.cursors import CursorKey
from gateway.services.inputs import Direction
from gateway.services.merges import Merge, Merges, in_order
from gateway.services.sort_keys import revive

Row = TypeVar("Row", bound=Identified)


class Whole(NamedTuple, Generic[Row]):
    """One backend's part in a merged list: its snapshot, or why it has none to give.

    `ready` is a snapshot that stands there already; without it, and unless it is `skipped`, `snapshot` is awaited.
    """

    name: str
    ready: Snapshot[Row] | None = None
    snapshot: Callable[[], Awaitable[Snapshot[Row]]] | None = None
    skipped: GatewayError | None = None


async def merged(
    wholes: Sequence[Whole[Row]],
    *,
    order: tuple[str, Direction],
    key_of: Callable[[Row], tuple[Any, ...]],
    keep: Callable[[Row], bool] | None,
    first: int,
    after: str | None,
    key: CursorKey,
    binding: bytes,
    merges: Merges[Row] | None = None,
) -> Connection[Row]:
    """One page of the global order. All backends are asked at once; one that fails is named and left out.

    `keep` is None where every row is let through. `merges` keeps the order over snapshots that are kept themselves.
    """
    last = revive(key.read(binding, after), order[1]) if after is not None else None
    known = [_known(whole) for whole in wholes]
    missing = [whole for whole, part in zip(wholes, known, strict=True) if part is None]
    taken = iter(await asyncio.gather(*(_take(whole) for whole in missing)) if missing else ())
    parts = [next(taken) if part is None else part for part in known]
    runs = [snapshot.ordered(order, key_of) for snapshot, _ in parts if snapshot is not None]
    results = [result for _, result in parts]

    def sign(place: Any) -> str:
        return key.sign(binding, place)

    merge = None
    if merges is not None and not missing:
        merge = merges.find(binding, runs) or merges.make(binding, runs, key_of=key_of, keep=keep, sign=sign)
    if merge is not None:
        start = merge.begin(last)
    else:
        start, merge = 0, _as_far_as_needed(runs, key_of=key_of, keep=keep, last=last, first=first, sign=sign)
    return Connection(
        nodes=merge.rows[start : start + first],
        has_next_page=len(merge.rows) > start + first,
        has_previous_page=after is not None,
        cursor_at=lambda at: merge.edge(start + at).cursor,
        backends=results,
        edges_made=lambda: merge.edges(start, start + first),
    )


def _as_far_as_needed(
    runs: Sequence[list[Row]],
    *,
    key_of: Callable[[Row], tuple[Any, ...]],
    keep: Callable[[Row], bool] | None,
    last: Any | None,
    first: int,
    sign: Callable[[Any], str],
) -> Merge[Row]:
    """The merge of those rows that one page, and the question whether it is the last, need."""
    needed: list[Sequence[Row]] = []
    for run in runs:
        rest = islice(run, 0 if last is None else bisect_right(run, last, key=key_of), None)
        needed.append(list(islice(rest if keep is None else filter(keep, rest), first + 1)))
    return Merge([], in_order(needed, key_of, None), key_of, sign)


_Part = tuple[Snapshot[Row] | None, BackendResult]


def _known(whole: Whole[Row]) -> _Part[Row] | None:
    """The part of a backend that nobody has to wait for."""
    if whole.skipped is not None:
        return None, BackendResult(name=whole.name, status=BackendResultStatus.SKIPPED, error=whole.skipped)
    return None if whole.ready is None else _given(whole, whole.ready)


async def _take(whole: Whole[Row]) -> _Part[Row]:
    assert whole.snapshot is not None  # noqa: S101 - it is neither ready nor skipped
    try:
        return _given(whole, await whole.snapshot())
    except GatewayError as error:
        return None, BackendResult(name=whole.name, status=BackendResultStatus.FAILED, error=error)


def _given(whole: Whole[Row], snapshot: Snapshot[Row]) -> _Part[Row]:
    return snapshot, BackendResult(name=whole.name, status=BackendResultStatus.OK, fetched_at=snapshot.fetched_at)
