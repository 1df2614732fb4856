"""The order BACKEND: each backend's own pages, one backend after another, any length at a constant price a page.

A cursor holds the vendor's own continuation, so nothing is kept between pages. Vendor pages are asked for in the size
of the page that began the walk, so that one page costs one vendor call as long as nothing is filtered out.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gateway.backends.cache import Answer
from gateway.backends.shelf import endless_paging
from gateway.domain.errors import BackendUnavailable, GatewayError, InvalidInput
from gateway.domain.page import Page, PageRequest
from gateway.services.connection import BackendResult, BackendResultStatus, Connection
from gateway.services.cursors import CursorKey
from gateway.services.page_filling import PageFilling, Place

Row = TypeVar("Row")

# A filter that lets little through would walk a whole backend for one page; the page is cut short instead, or, when
# not one row was found, given up.
_VENDOR_PAGES_A_PAGE = 20
_VENDOR_PAGES_IN_VAIN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[Row]):
    """One backend's part in a streamed list. `largest` is the most rows its vendor gives at once.

    `keep` is None where every row is let through.
    """

    name: str
    largest: int
    what: str
    fetch: Callable[[PageRequest], Awaitable[Answer[Page[Row]]]]
    keep: Callable[[Row], bool] | None
    skipped: GatewayError | None = None


async def streamed(
    sources: Sequence[Source[Row]], *, first: int, after: str | None, key: CursorKey, binding: bytes
) -> Connection[Row]:
    """One page. The last page of a walk may be empty: no vendor tells beforehand that nothing follows."""
    start = _read_place(key, binding, after, sources) if after is not None else None
    begin = next((i for i, one in enumerate(sources) if one.name == start.backend), 0) if start else 0
    filling: PageFilling[Row] = PageFilling(first)
    results: list[BackendResult] = []
    more = False
    for index in range(begin, len(sources)):
        source = sources[index]
        resumed = start if start is not None and source.name == start.backend else None
        if resumed is not None and resumed.ended:
            continue
        if filling.full:
            more = True
            break
        if source.skipped is not None:
            results.append(BackendResult(name=source.name, status=BackendResultStatus.SKIPPED, error=source.skipped))
            continue
        place = resumed or Place(source.name, None, 0, min(first, source.largest))
        result, unfinished = await _read_source(source, place, filling)
        results.append(result)
        more = unfinished or more
        if unfinished:
            break
    return Connection(
        nodes=filling.rows,
        has_next_page=more,
        has_previous_page=after is not None,
        cursor_at=lambda at: key.sign(binding, filling.place(at).plain()),
        backends=results,
    )


def first_page(
    name: str, answer: Answer[Page[Row]], *, first: int, size: int, sign: Callable[[Any], str]
) -> Connection[Row] | None:
    """What `streamed` would make of a backend alone whose first vendor page, of `size`, is kept; None if it needs more.

    `sign` makes the cursor that leads to a place. It is called when a cursor is asked for.
    """
    page = answer.value
    full = len(page.rows) >= first
    if not full and page.next is not None:
        return None

    def cursor_at(index: int) -> str:
        filling: PageFilling[Row] = PageFilling(first)
        filling.take(page, Place(name, None, 0, size), None)
        return sign(filling.place(index).plain())

    return Connection(
        nodes=page.rows[:first],
        has_next_page=len(page.rows) > first or page.next is not None,
        has_previous_page=False,
        cursor_at=cursor_at,
        backends=[BackendResult(name=name, status=BackendResultStatus.OK, fetched_at=answer.fetched_at)],
    )


async def _read_source(source: Source[Row], place: Place, filling: PageFilling[Row]) -> tuple[BackendResult, bool]:
    """Fill the page from one backend; tells what it contributed, and whether it has more."""
    result = BackendResult(name=source.name, status=BackendResultStatus.OK)
    continuation, offset = place.continuation, place.offset
    for turn in range(_VENDOR_PAGES_IN_VAIN):
        if turn >= _VENDOR_PAGES_A_PAGE and filling.rows:
            # Cut short: the last row leads on to where reading stopped.
            filling.end = Place(source.name, continuation, 0, place.size)
            return result, True
        try:
            answer = await source.fetch(PageRequest(place.size, continuation))
            page = answer.value
            if page.next is not None and page.next == continuation:
                raise endless_paging(source.name, source.what)
        except GatewayError as error:
            result.status, result.error = BackendResultStatus.FAILED, error
            return result, False
        if answer.stale is not None:
            result.status, result.error = BackendResultStatus.STALE, answer.stale
        if result.fetched_at is None or answer.fetched_at < result.fetched_at:
            result.fetched_at = answer.fetched_at
        if filling.take(page, Place(source.name, continuation, offset, place.size), source.keep):
            return result, True
        if page.next is None:
            return result, False
        continuation, offset = page.next, 0
        if filling.full:
            return result, True
    result.status, result.error = BackendResultStatus.FAILED, _in_vain(source)
    return result, False


def _in_vain(source: Source[Row]) -> BackendUnavailable:
    return BackendUnavailable(
        f"Nothing that the filter lets through was found in {_VENDOR_PAGES_IN_VAIN} pages of {source.what} of backend "
        f"{source.name}. Ask with a filter that lets more through.",
        backend=source.name,
    )


def _read_place(key: CursorKey, binding: bytes, after: str, sources: Sequence[Source[Row]]) -> Place:
    backend, continuation, offset, size, ended = key.read(binding, after)
    if all(source.name != backend for source in sources):
        rule = "a cursor into a backend that is still configured"
        raise InvalidInput(f"This cursor cannot be continued. Expected {rule}.", path=("after",), rule=rule)
    return Place(backend, continuation, offset, size, ended)
