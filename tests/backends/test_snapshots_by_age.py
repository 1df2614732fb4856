"""Snapshots: one drain for all who ask, renewed behind the answer, patched by changes, never kept from before one."""

import asyncio
from datetime import timedelta

import pytest

from gateway.backends.health import HealthState
from gateway.backends.shelf import MOST_ROWS, SnapshotShelf
from gateway.backends.snapshot import Snapshot
from gateway.domain.errors import BackendUnavailable, InvalidInput
from gateway.domain.ids import Kind
from tests.support.lone_backend import HandVendor, Row, lone_shelf, lone_stack, now, row, settled

SOFT, HARD = timedelta(seconds=0.05), timedelta(seconds=60)
PAST_SOFT = 0.07


@pytest.fixture
def vendor() -> HandVendor:
    return HandVendor()


async def get(shelf: SnapshotShelf[Row], *, fresh: bool = False) -> Snapshot[Row]:
    return await shelf.get(filter_key="", keep=lambda _: True, narrowed=False, fresh=fresh)


def ready(shelf: SnapshotShelf[Row], *, fresh: bool = False) -> Snapshot[Row] | None:
    return shelf.ready(filter_key="", narrowed=False, fresh=fresh)


def versions(snapshot: Snapshot[Row] | None) -> list[int]:
    assert snapshot is not None
    return [one.version for one in snapshot.rows.values()]


async def test_a_thousand_askers_cost_one_drain_and_later_ones_await_nothing(vendor: HandVendor) -> None:
    vendor.rows = [row(number) for number in range(250)]
    shelf = lone_shelf(vendor, lone_stack())
    assert ready(shelf) is None
    snapshots = await asyncio.gather(*(get(shelf) for _ in range(1000)))
    assert vendor.calls == 3
    assert ready(shelf) is snapshots[0]
    assert all(one is snapshots[0] for one in snapshots)
    assert ready(shelf, fresh=True) is None


async def test_past_the_soft_age_askers_are_answered_at_once_while_one_drain_renews_it(vendor: HandVendor) -> None:
    shelf = lone_shelf(vendor, lone_stack(cache_ttl=SOFT, cache_hard_ttl=HARD))
    old = await get(shelf)
    await asyncio.sleep(PAST_SOFT)
    vendor.hold()
    vendor.rows = [row(1, version=1)]
    assert ready(shelf) is None
    assert await get(shelf) is old
    await settled()
    assert all(ready(shelf) is old for _ in range(1000))
    vendor.may_answer.set()
    await settled()
    assert vendor.calls == 2
    new = ready(shelf)
    assert versions(new) == [1]
    assert new is not None
    assert new.fetched_at > old.fetched_at


async def test_past_the_hard_age_askers_wait(vendor: HandVendor) -> None:
    shelf = lone_shelf(vendor, lone_stack(cache_ttl=SOFT, cache_hard_ttl=SOFT))
    await get(shelf)
    vendor.rows = [row(1, version=1)]
    await asyncio.sleep(PAST_SOFT)
    assert versions(await get(shelf)) == [1]


async def test_a_renewal_that_fails_leaves_the_snapshot_and_is_not_tried_again_at_every_read(
    vendor: HandVendor,
) -> None:
    stack = lone_stack(cache_ttl=SOFT, cache_hard_ttl=HARD)
    shelf = lone_shelf(vendor, stack)
    old = await get(shelf)
    vendor.fail()
    await asyncio.sleep(PAST_SOFT)
    for _ in range(50):
        assert await get(shelf) is old
        await settled()
    assert vendor.calls == 2
    assert stack.health().state is HealthState.DEGRADED


async def test_the_age_told_is_that_of_the_oldest_row(vendor: HandVendor) -> None:
    vendor.rows = [row(number) for number in range(200)]
    shelf = lone_shelf(vendor, lone_stack())
    vendor.hold()
    before = now()
    asker = asyncio.create_task(get(shelf))
    await settled()
    began = now()
    await asyncio.sleep(0.02)
    vendor.may_answer.set()
    assert before <= (await asker).fetched_at <= began


async def test_a_snapshot_of_before_a_change_shows_what_was_read_after_it_and_is_renewed(vendor: HandVendor) -> None:
    stack = lone_stack()
    shelf = lone_shelf(vendor, stack)
    await get(shelf)
    async with stack.changing(Kind.TASK):
        vendor.rows = [row(1, version=1), row(2)]
    shelf.put(row(1, version=1))
    vendor.hold()
    patched = await get(shelf)
    assert versions(patched) == [1]
    vendor.may_answer.set()
    await settled()
    assert versions(ready(shelf)) == [1, 0]
    assert vendor.calls == 2


async def test_a_change_that_shows_in_other_lists_leaves_this_one_and_its_drains(vendor: HandVendor) -> None:
    stack = lone_stack()
    shelf = lone_shelf(vendor, stack)
    vendor.hold()
    asker = asyncio.create_task(get(shelf))
    await settled()
    async with stack.changing(Kind.PACKAGE):
        pass
    vendor.may_answer.set()
    assert await asker is ready(shelf)
    async with stack.changing(Kind.PACKAGE):
        pass
    assert await asker is ready(shelf)
    assert vendor.calls == 1


async def test_a_change_that_nobody_could_read_back_has_the_next_asker_wait(vendor: HandVendor) -> None:
    stack = lone_stack()
    shelf = lone_shelf(vendor, stack)
    await get(shelf)
    async with stack.changing(Kind.TASK):
        vendor.rows = [row(1, version=1)]
    shelf.forget()
    assert versions(await get(shelf)) == [1]


async def test_a_renewal_after_a_change_that_fails_is_not_tried_again_at_every_read(vendor: HandVendor) -> None:
    stack = lone_stack(cache_ttl=HARD)
    shelf = lone_shelf(vendor, stack)
    await get(shelf)
    async with stack.changing(Kind.TASK):
        vendor.fail()
    for _ in range(50):
        await get(shelf)
        await settled()
    assert vendor.calls == 2


async def test_a_drain_begun_before_a_change_is_neither_joined_nor_kept(vendor: HandVendor) -> None:
    stack = lone_stack()
    shelf = lone_shelf(vendor, stack)
    vendor.hold()
    before = asyncio.create_task(get(shelf))
    await settled()
    async with stack.changing(Kind.TASK):
        vendor.rows = [row(1, version=1)]
    after = asyncio.create_task(get(shelf))
    await settled()
    vendor.may_answer.set()
    assert versions(await before) == [0]
    assert versions(await after) == [1]
    assert versions(ready(shelf)) == [1]


async def test_a_drain_begun_before_a_change_ends_when_nobody_waits_for_it(vendor: HandVendor) -> None:
    stack = lone_stack(timeout=timedelta(seconds=0.02))
    shelf = lone_shelf(vendor, stack)
    vendor.hold()
    with pytest.raises(BackendUnavailable, match="still reading"):
        await get(shelf)
    assert vendor.under_way == 1
    async with stack.changing(Kind.TASK):
        pass
    with pytest.raises(BackendUnavailable, match="still reading"):
        await get(shelf)
    assert (vendor.calls, vendor.cancelled, vendor.under_way) == (2, 1, 1)
    await shelf.aclose()
    assert vendor.under_way == 0


async def test_a_fresh_read_goes_past_what_is_kept_and_joins_the_drain_under_way(vendor: HandVendor) -> None:
    shelf = lone_shelf(vendor, lone_stack())
    await get(shelf)
    vendor.hold()
    askers = [asyncio.create_task(get(shelf, fresh=True)) for _ in range(100)]
    await settled()
    vendor.may_answer.set()
    await asyncio.gather(*askers)
    assert vendor.calls == 2


async def test_what_a_change_is_decided_upon_is_drained_anew_whatever_is_kept_or_under_way(vendor: HandVendor) -> None:
    shelf = lone_shelf(vendor, lone_stack())
    await get(shelf)
    await shelf.look()
    assert vendor.calls == 2
    vendor.hold()
    drain = asyncio.create_task(get(shelf, fresh=True))
    await settled()
    look = asyncio.create_task(shelf.look())
    await settled()
    assert vendor.under_way == 2
    vendor.may_answer.set()
    await asyncio.gather(drain, look)


async def test_without_single_flight_every_asker_drains_for_itself_and_no_longer_than_it_waits(
    vendor: HandVendor,
) -> None:
    shelf = lone_shelf(vendor, lone_stack(single_flight=False, cache_ttl=timedelta(0), timeout=timedelta(seconds=0.05)))
    vendor.hold()
    askers = [asyncio.create_task(get(shelf)) for _ in range(5)]
    await settled()
    assert vendor.under_way == 5
    vendor.may_answer.set()
    assert len({id(one) for one in await asyncio.gather(*askers)}) == 5
    assert ready(shelf) is None
    vendor.hold()
    with pytest.raises(BackendUnavailable, match="within its timeout"):
        await get(shelf)
    assert vendor.under_way == 0


async def test_without_a_cache_equal_drains_are_still_one(vendor: HandVendor) -> None:
    shelf = lone_shelf(vendor, lone_stack(cache_ttl=timedelta(0)))
    await asyncio.gather(*(get(shelf) for _ in range(10)))
    assert vendor.calls == 1
    assert ready(shelf) is None
    await get(shelf)
    assert vendor.calls == 2


async def test_too_long_a_list_is_read_by_filter_and_few_filters_are_kept(vendor: HandVendor) -> None:
    vendor.rows = [row(number) for number in range(MOST_ROWS + 1)]
    shelf = lone_shelf(vendor, lone_stack(), page_size=MOST_ROWS + 1)
    with pytest.raises(InvalidInput, match="Narrow the filter"):
        await get(shelf)
    assert vendor.calls == 1

    async def filtered(number: int) -> list[str]:
        key = str(number)
        chosen = await shelf.get(filter_key=key, keep=lambda one: one.ref.key == (key,), narrowed=True)
        return [one.id for one in chosen.rows.values()]

    for number in range(20):
        assert await filtered(number) == [row(number).id]
    assert vendor.calls == 21
    kept = [number for number in range(20) if shelf.ready(filter_key=str(number), narrowed=True)]
    assert kept == list(range(4, 20))


async def test_filters_that_let_much_through_are_kept_by_their_rows(vendor: HandVendor) -> None:
    vendor.rows = [row(number) for number in range(MOST_ROWS + 1)]
    shelf = lone_shelf(vendor, lone_stack(), page_size=MOST_ROWS + 1)
    for name in "abcd":
        await shelf.get(filter_key=name, keep=lambda one: int(one.ref.key[0]) < 0.6 * MOST_ROWS, narrowed=True)
    assert [name for name in "abcd" if shelf.ready(filter_key=name, narrowed=True)] == ["b", "c", "d"]
