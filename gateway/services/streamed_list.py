"""The order BACKEND: each backend's own pages, one backend after another, any length at a constant price a page.

A cursor holds the vendor's own continuation, so nothing is kept between pages. Vendor pages are asked for in the size
of the page that began the walk, so that one page costs one vendor call as long as nothing is filtered out.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.backends.cache import Answer
from gateway.backends.shelf import endless_paging
from gateway.domain.errors import BackendUnavailable, GatewayError, InvalidInput
from gateway.domain.page import Page, PageRequest
from gateway.services.connection import BackendResult, BackendResultStatus, Connection
from gateway.services.cursors import CursorKey

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


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind a row: in `backend`, in the vendor page after `continuation`, past `offset` rows of it."""

    backend: str
    continuation: str | None
    offset: int
    size: int
    ended: bool = False

    def plain(self) -> list[Any]:
        return [self.backend, self.continuation, self.offset, self.size, self.ended]


class _Behind(NamedTuple, Generic[Row]):
    """What the place behind a row is worked out from when its cursor is asked for: the row's page, and where it stands.

    Without a page, the place is the beginning of the page after `continuation`.
    """

    backend: str
    page: Page[Row] | None
    continuation: str | None
    at: int
    size: int


async def streamed(
    sources: Sequence[Source[Row]], *, first: int, after: str | None, key: CursorKey, binding: bytes
) -> Connection[Row]:
    """One page. The last page of a walk may be empty: no vendor tells beforehand that nothing follows."""
    start = _read_place(key, binding, after, sources) if after is not None else None
    begin = next((i for i, one in enumerate(sources) if one.name == start.backend), 0) if start else 0
    rows: list[Row] = []
    places: list[_Behind[Row]] = []
    results: list[BackendResult] = []
    more = False
    for index in range(begin, len(sources)):
        source = sources[index]
        resumed = start if start is not None and source.name == start.backend else None
        if resumed is not None and resumed.ended:
            continue
        if len(rows) >= first:
            more = True
            break
        if source.skipped is not None:
            results.append(BackendResult(name=source.name, status=BackendResultStatus.SKIPPED, error=source.skipped))
            continue
        place = resumed or _Place(source.name, None, 0, min(first, source.largest))
        result, unfinished = await _read_source(source, place, first, rows, places)
        results.append(result)
        more = unfinished or more
        if unfinished:
            break
    return Connection(
        nodes=rows,
        has_next_page=more,
        has_previous_page=after is not None,
        cursor_at=lambda at: key.sign(binding, _place(places[at]).plain()),
        backends=results,
    )


async def _read_source(
    source: Source[Row], place: _Place, first: int, rows: list[Row], places: list[_Behind[Row]]
) -> tuple[BackendResult, bool]:
    """Fill `rows` from one backend; tells what it contributed, and whether it has more."""
    result = BackendResult(name=source.name, status=BackendResultStatus.OK)
    continuation, offset = place.continuation, place.offset
    for turn in range(_VENDOR_PAGES_IN_VAIN):
        if turn >= _VENDOR_PAGES_A_PAGE and places:
            # Cut short: the last row leads on to where reading stopped.
            places[-1] = _Behind(source.name, None, continuation, 0, place.size)
            return result, True
        try:
            answer = await source.fetch(PageRequest(place.size, continuation))
            page = answer.value
            if page.next is not None and page.next == continuation:
                raise endless_paging(source.name, source.what)
        except GatewayError as error:
            result.status, result.error = BackendResultStatus.FAILED, error
            return result, False
        if result.fetched_at is None or answer.fetched_at < result.fetched_at:
            result.fetched_at = answer.fetched_at
        for at in range(offset, len(page.rows)):
            if len(rows) >= first:
                return result, True
            row = page.rows[at]
            if source.keep is None or source.keep(row):
                rows.append(row)
                places.append(_Behind(source.name, page, continuation, at, place.size))
        if page.next is None:
            return result, False
        continuation, offset = page.next, 0
        if len(rows) >= first:
            return result, True
    result.status, result.error = BackendResultStatus.FAILED, _in_vain(source)
    return result, False


def _in_vain(source: Source[Row]) -> BackendUnavailable:
    return BackendUnavailable(
        f"Nothing that the filter lets through was found in {_VENDOR_PAGES_IN_VAIN} pages of {source.what} of backend "
        f"{source.name}. Ask with a filter that lets more through.",
        backend=source.name,
    )


def _place(behind: _Behind[Row]) -> _Place:
    name, page, continuation, at, size = behind
    if page is None:
        return _Place(name, continuation, at, size)
    if at + 1 < len(page.rows):
        return _Place(name, continuation, at + 1, size)
    if page.next is None:
        return _Place(name, continuation, at + 1, size, ended=True)
    return _Place(name, page.next, 0, size)


def _read_place(key: CursorKey, binding: bytes, after: str, sources: Sequence[Source[Row]]) -> _Place:
    backend, continuation, offset, size, ended = key.read(binding, after)
    if all(source.name != backend for source in sources):
        rule = "a cursor into a backend that is still configured"
        raise InvalidInput(f"This cursor cannot be continued. Expected {rule}.", path=("after",), rule=rule)
    return _Place(backend, continuation, offset, size, ended)
