"""Whatever a vendor's adapter gives can be shared with another process, and is the same there."""

from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from gateway.backends.changes import UNSEEN, Left, Outcome
from gateway.backends.shared.codec import RowCodec, Undecodable, Unshareable
from gateway.backends.shared.whole_list import Held, WholeList
from gateway.backends.stack import BackendStack
from gateway.domain.backend import Backend
from gateway.domain.operations import Operation
from gateway.domain.package import Package
from gateway.domain.page import Page, PageRequest
from gateway.domain.task import Task

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
MANGLED = 3000


@pytest.fixture
def codec(stack: BackendStack) -> RowCodec:
    details = {Task: stack.manifest.task_details, Package: stack.manifest.package_details}
    return RowCodec(stack.backend, details, stack.adapter.revived)


async def everything(stack: BackendStack) -> list[Any]:
    """One page of every list, and each of its rows read alone."""
    adapter, page = stack.adapter, PageRequest(50)
    tasks = await all_of(adapter.list_tasks)
    found: list[Any] = [*tasks, *[await adapter.get_task(one.ref) for one in tasks[:10]]]
    for task in tasks[:10]:
        executions = (await adapter.list_executions(task.ref, None, page)).rows
        found += [*executions, *await adapter.get_executions([one.ref for one in executions[:5]])]
    if stack.backend.supports(Operation.LIST_PACKAGES):
        packages = await all_of(adapter.list_packages)
        found += [*packages, *[await adapter.get_package(one.ref) for one in packages[:5]]]
    return [row for row in found if row is not None]


async def all_of(listing: Callable[[PageRequest], Awaitable[Page[Any]]]) -> list[Any]:
    rows: list[Any] = []
    page = await listing(PageRequest(50))
    while page.next is not None:
        rows += page.rows
        page = await listing(PageRequest(50, page.next))
    return rows + page.rows


def members(row: Any) -> dict[str, Any]:
    return {one.name: getattr(row, one.name) for one in fields(row) if one.init}


def kinds(value: Any) -> Any:
    """The types that a value is made of."""
    if is_dataclass(value) and not isinstance(value, type | Backend):
        return type(value), {name: kinds(member) for name, member in members(value).items()}
    return type(value), [kinds(one) for one in value] if isinstance(value, list | tuple) else None


def same(found: Any, row: Any) -> None:
    """Equal in every member, and of the same types all through."""
    assert type(found) is type(row)
    assert members(found) == members(row)
    assert kinds(found) == kinds(row)
    assert found.backend is row.backend


async def test_every_row_is_the_same_after_its_way(stack: BackendStack, codec: RowCodec) -> None:
    rows = await everything(stack)
    assert {type(row).__name__ for row in rows} >= {"Task", "Execution"}
    for row in rows:
        row.memo = object()
        at, hard, found = codec.read_answer(codec.answer(NOW, 12.5, row))
        assert (at, hard) == (NOW, 12.5)
        same(found, row)
        assert found.memo is None


async def test_pages_lists_and_nothing_are_the_same_after_their_way(stack: BackendStack, codec: RowCodec) -> None:
    rows = await everything(stack)
    for value in (Page(rows, "next"), Page([], None), rows, [], None):
        assert codec.read_answer(codec.answer(NOW, 1, value))[2] == value
    whole = WholeList(held=Held.ROWS, fetched_at=NOW, took=1.5, hard=30.0, rows=rows)
    assert codec.read_whole_list(codec.whole_list(whole)) == whole
    for outcome in (UNSEEN, Outcome(Left.ROW, row=rows[0]), Outcome(Left.DELETED, ref=rows[0].ref)):
        assert codec.read_outcome(codec.outcome(outcome)) == outcome


async def test_what_details_fetch_on_demand_is_fetched_also_by_who_was_given_them(
    stack: BackendStack, codec: RowCodec
) -> None:
    for listed in (await all_of(stack.adapter.list_tasks))[:5]:
        task = await stack.adapter.get_task(listed.ref)
        assert task is not None
        found = codec.read_answer(codec.answer(NOW, 1, task))[2]
        read = getattr(task.vendor_details, "read_document", None)
        if read is not None:
            assert await found.vendor_details.read_document() == await read()


async def test_what_is_no_row_of_this_backend_stays(stack: BackendStack, codec: RowCodec) -> None:
    other = Backend(name="other", vendor=stack.backend.vendor)
    row = (await everything(stack))[0]
    row.backend = other
    for value in (row, 1, "text", object(), {"a": 1}):
        with pytest.raises(Unshareable):
            codec.answer(NOW, 1, value)


async def test_mangled_bytes_are_rows_or_refused(stack: BackendStack, codec: RowCodec) -> None:
    random = Random(7)
    rows = await everything(stack)
    data = codec.answer(NOW, 1, Page(rows[:5], None))
    refused = 0
    for _ in range(MANGLED):
        mangled = bytearray(data)
        for _ in range(random.randint(1, 4)):
            mangled[random.randrange(len(mangled))] = random.randrange(256)
        try:
            codec.read_answer(bytes(mangled[: random.randint(1, len(mangled))] if random.random() < 0.3 else mangled))
        except Undecodable:
            refused += 1
    assert refused > MANGLED / 10
