"""The global orders: every backend's snapshot, cut at the cursor and merged. Pages of what is read cost no call."""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.backends.snapshot import Identified, RowOrder, Snapshot
from gateway.domain.errors import GatewayError
from gateway.services.connection import BackendResult, BackendResultStatus, Connection
from gateway.services.cursors import CursorKey
from gateway.services.inputs import Direction
from gateway.services.merges import Merge, Merges, Part, in_order
from gateway.services.sort_keys import revive

Row = TypeVar("Row", bound=Identified)


class Taken(NamedTuple, Generic[Row]):
    """A snapshot, and why it is an old one, where no newer could be had."""

    snapshot: Snapshot[Row]
    stale: GatewayError | None = None


class Whole(NamedTuple, Generic[Row]):
    """One backend's part in a merged list: its snapshot, or why it has none to give.

    `ready` is a snapshot that stands there already; without it, and unless it is `skipped`, `snapshot` is awaited.
    """

    name: str
    ready: Snapshot[Row] | None = None
    snapshot: Callable[[], Awaitable[Taken[Row]]] | None = None
    skipped: GatewayError | None = None


async def merged(
    wholes: Sequence[Whole[Row]],
    *,
    order: tuple[str, Direction],
    key_of: RowOrder[Row],
    keep: Callable[[Row], bool] | None,
    first: int,
    after: str | None,
    key: CursorKey,
    binding: bytes,
    merges: Merges[Row] | None = None,
) -> Connection[Row]:
    """One page of the global order. All backends are asked at once; one that fails is named and left out.

    `keep` is None where every row is let through. `merges` keeps the order over snapshots that are kept themselves;
    where one had to be waited for, and may be stale, nothing is kept.
    """
    last = last_of(key, binding, after, order)
    known = [_known(whole, order, key_of) for whole in wholes]
    missing = [whole for whole, part in zip(wholes, known, strict=True) if part is None]
    taken = iter(await asyncio.gather(*(_take(whole, order, key_of) for whole in missing)) if missing else ())
    parts = [next(taken) if part is None else part for part in known]

    def sign(place: Any) -> str:
        return key.sign(binding, place)

    merge = None
    if merges is not None and not missing:
        merge = merges.make(binding, parts, key_of=key_of, keep=keep, sign=sign)
    if merge is not None:
        return merge.page(merge.begin(last), first, continued=after is not None)
    merge = _as_far_as_needed(parts, key_of=key_of, keep=keep, last=last, first=first, sign=sign)
    return merge.page(0, first, continued=after is not None)


def last_of(key: CursorKey, binding: bytes, after: str | None, order: tuple[str, Direction]) -> Any | None:
    """The sort key of the row that a cursor stands at. Raises InvalidInput."""
    return None if after is None else revive(key.read(binding, after), order[1])


def _as_far_as_needed(
    parts: Sequence[Part[Row]],
    *,
    key_of: RowOrder[Row],
    keep: Callable[[Row], bool] | None,
    last: Any | None,
    first: int,
    sign: Callable[[Any], str],
) -> Merge[Row]:
    """The merge of those rows that one page, and the question whether it is the last, need."""
    needed: list[Sequence[Row]] = []
    for part in parts:
        run = part.rows
        rest = islice(run, 0 if last is None else bisect_right(run, last, key=key_of), None)
        needed.append(list(islice(rest if keep is None else filter(keep, rest), first + 1)))
    return Merge(parts, in_order(needed, key_of, None), key_of, sign)


def _known(whole: Whole[Row], order: tuple[str, Direction], key_of: RowOrder[Row]) -> Part[Row] | None:
    """The part of a backend that nobody has to wait for."""
    if whole.skipped is not None:
        return Part(BackendResult(name=whole.name, status=BackendResultStatus.SKIPPED, error=whole.skipped))
    return None if whole.ready is None else _given(whole, whole.ready, order, key_of)


async def _take(whole: Whole[Row], order: tuple[str, Direction], key_of: RowOrder[Row]) -> Part[Row]:
    assert whole.snapshot is not None  # noqa: S101 - it is neither ready nor skipped
    try:
        taken = await whole.snapshot()
        return _given(whole, taken.snapshot, order, key_of, taken.stale)
    except GatewayError as error:
        return Part(BackendResult(name=whole.name, status=BackendResultStatus.FAILED, error=error))


def _given(
    whole: Whole[Row],
    snapshot: Snapshot[Row],
    order: tuple[str, Direction],
    key_of: RowOrder[Row],
    stale: GatewayError | None = None,
) -> Part[Row]:
    status = BackendResultStatus.OK if stale is None else BackendResultStatus.STALE
    result = BackendResult(name=whole.name, status=status, error=stale, fetched_at=snapshot.fetched_at)
    return Part(result, snapshot, snapshot.ordered(order, key_of))
