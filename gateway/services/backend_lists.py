"""One kind of list, tasks or packages, over several backends, in the order of each or in one order over all."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from operator import attrgetter
from typing import Any, Generic, TypeVar

from gateway.backends.cache import Answer
from gateway.backends.shelf import SnapshotShelf
from gateway.backends.snapshot import Identified, RowOrder
from gateway.backends.stack import BackendStack
from gateway.domain.errors import GatewayError
from gateway.domain.operations import Operation
from gateway.domain.page import Page, PageRequest
from gateway.domain.ports import VendorAdapter
from gateway.services.asking import CANNOT_BE_ASKED, ask_list, remembering, takes_stale, unsupported
from gateway.services.caller import Caller, NotKept
from gateway.services.connection import Connection
from gateway.services.cursors import CursorKey
from gateway.services.freshness import list_fresh_until
from gateway.services.inputs import Direction, PackageFilter, TaskFilter
from gateway.services.merged_list import Taken, Whole, last_of, merged
from gateway.services.merges import Merge, Merges
from gateway.services.streamed_list import Source, streamed
from gateway.vendorkit.manifest import VendorManifest

Row = TypeVar("Row", bound=Identified)
Wanted = TypeVar("Wanted", TaskFilter, PackageFilter)
Order = TypeVar("Order", bound=Hashable)
Key = TypeVar("Key")
Found = TypeVar("Found")

_MOST_QUESTIONS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[Row]):
    """Which rows are asked for, in which order: the same for all pages, and for all who ask it.

    `key_of` is None for the order BACKEND; `binding` names list, filter and order. `narrowed` says whether `keep` lets
    less than everything through, and `filter_key` names it.
    """

    order: tuple[str, Direction]
    key_of: RowOrder[Row] | None
    keep: Callable[[Row], bool]
    narrowed: bool
    filter_key: str
    binding: bytes


def remembered(make: Callable[[Wanted, Order], Question[Row]]) -> Callable[[Wanted, Order], Question[Row]]:
    """Keep the questions that were asked of late, by what filter and order hold."""
    kept: OrderedDict[tuple[Any, ...], Question[Row]] = OrderedDict()
    last: tuple[Wanted, Order, Question[Row]] | None = None

    def question(wanted: Wanted, order: Order) -> Question[Row]:
        # Whoever asks for everything, in the usual order, asks with the very same filter and order each time.
        nonlocal last
        if last is not None and last[0] is wanted and last[1] is order:
            return last[2]
        kind: type = wanted.__class__
        held: tuple[Any, ...] = _members(kind)(wanted)
        name = (order, *[tuple(one) if one.__class__ is list else one for one in held])
        found = kept.get(name)
        if found is None:
            found = kept[name] = make(_with_tuples(wanted), order)
            if len(kept) > _MOST_QUESTIONS:
                kept.popitem(last=False)
        else:
            kept.move_to_end(name)
        last = (wanted, order, found)
        return found

    return question


@cache
def _members(kind: type) -> Callable[[object], tuple[Any, ...]]:
    return attrgetter(*(member.name for member in fields(kind)))


def _with_tuples(wanted: Wanted) -> Wanted:
    """The same filter, of which nobody changes a list any more."""
    members = ((member.name, getattr(wanted, member.name)) for member in fields(wanted))
    tuples: dict[str, Any] = {name: tuple(value) for name, value in members if isinstance(value, list)}
    return replace(wanted, **tuples)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendLists(Generic[Row]):
    """How a kind of list is read. `what` names its rows to people, `operation` is what a vendor must support for it."""

    what: str
    operation: Operation
    page_size: Callable[[VendorManifest], int]
    list_page: Callable[[VendorAdapter, PageRequest], Awaitable[Page[Row]]]
    shelves: Mapping[str, SnapshotShelf[Row]]
    cursors: CursorKey
    merges: Merges[Row] = field(default_factory=Merges)

    async def page(
        self, caller: Caller, stacks: Sequence[BackendStack], asked: Question[Row], first: int, after: str | None
    ) -> Connection[Row]:
        """One page of the list over these backends."""
        if asked.key_of is None:
            return await streamed(
                [self._source(stack, caller, asked) for stack in stacks],
                first=first,
                after=after,
                key=self.cursors,
                binding=asked.binding,
            )
        merge = None if caller.fresh else self.merges.find(asked.binding)
        if merge is not None and self._is_current(merge, stacks, asked):
            if merge.fresh_until is None:
                merge.fresh_until = list_fresh_until(stacks, [part.result for part in merge.parts])
            caller.freshness.lasts(merge.fresh_until)
            for stack in stacks:
                stack.sources.memory.count += 1
            last = last_of(self.cursors, asked.binding, after, asked.order)
            return merge.page(merge.begin(last), first, continued=after is not None)
        wholes = [self._whole(stack, caller, asked) for stack in stacks]
        if caller.kept_only and any(whole.ready is None and whole.skipped is None for whole in wholes):
            raise NotKept
        page = await merged(
            wholes,
            order=asked.order,
            key_of=asked.key_of,
            keep=asked.keep if asked.narrowed else None,
            first=first,
            after=after,
            key=self.cursors,
            binding=asked.binding,
            merges=self.merges,
        )
        caller.freshness.lasts(list_fresh_until(stacks, page.backends))
        return page

    def _is_current(self, merge: Merge[Row], stacks: Sequence[BackendStack], asked: Question[Row]) -> bool:
        """Whether each part of a merge is what its backend would give now."""
        for stack, (_, snapshot, rows) in zip(stacks, merge.parts, strict=True):
            if snapshot is None:
                continue
            shelf = self.shelves[stack.backend.name]
            if (
                shelf.ready(filter_key=asked.filter_key, narrowed=asked.narrowed) is not snapshot
                or asked.key_of is None
            ):
                return False
            if snapshot.ordered(asked.order, asked.key_of) is not rows:
                return False
        return True

    def _source(self, stack: BackendStack, caller: Caller, asked: Question[Row]) -> Source[Row]:
        async def fetch(page: PageRequest) -> Answer[Page[Row]]:
            key = f"{self.what}|{page.size}|{page.after}"
            return await ask_list(stack, caller, key, lambda: self.list_page(stack.adapter, page))

        return Source(
            name=stack.name,
            largest=self.page_size(stack.manifest),
            what=self.what,
            fetch=fetch,
            keep=asked.keep if asked.narrowed else None,
            skipped=self._skipped(stack),
        )

    def _whole(self, stack: BackendStack, caller: Caller, asked: Question[Row]) -> Whole[Row]:
        name = stack.backend.name
        skipped = self._skipped(stack)
        if skipped is not None:
            return Whole(name, skipped=skipped)
        shelf = self.shelves[name]
        ready = shelf.ready(filter_key=asked.filter_key, narrowed=asked.narrowed, fresh=caller.fresh)
        if ready is not None:
            stack.sources.memory.count += 1
        return Whole(name, ready, None if ready is not None else lambda: self._snapshot(stack, shelf, caller, asked))

    async def _snapshot(
        self, stack: BackendStack, shelf: SnapshotShelf[Row], caller: Caller, asked: Question[Row]
    ) -> Taken[Row]:
        try:
            read = partial(shelf.get, filter_key=asked.filter_key, keep=asked.keep, narrowed=asked.narrowed)
            return Taken(await remembering(stack, caller, lambda: read(fresh=caller.fresh)))
        except CANNOT_BE_ASKED as error:
            last = shelf.last(filter_key=asked.filter_key) if takes_stale(caller) else None
            if last is None:
                raise
            stack.sources.stale.count += 1
            return Taken(last, error)

    def _skipped(self, stack: BackendStack) -> GatewayError | None:
        return None if stack.backend.supports(self.operation) else unsupported(stack, self.operation)


async def each_or_error(
    keys: Sequence[Key], get: Callable[[Key], Awaitable[Found | None]]
) -> Sequence[Found | GatewayError | None]:
    """Read something for each key, all at once; what could not be had is an error in its place."""

    async def one(key: Key) -> Found | GatewayError | None:
        try:
            return await get(key)
        except GatewayError as error:
            return error

    return await asyncio.gather(*(one(key) for key in keys))
