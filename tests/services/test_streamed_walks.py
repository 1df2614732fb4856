"""The order BACKEND: what it tells of its age, and that a walk of any length leaves nothing behind."""

import asyncio
import gc
from datetime import UTC, datetime, timedelta

from gateway.backends.cache import Answer
from gateway.domain.page import Page, PageRequest
from gateway.services.asking import ask
from gateway.services.caller import Caller
from gateway.services.cursors import CursorKey
from gateway.services.streamed_list import Source, streamed
from tests.support.lone_backend import Row, lone_stack, row

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGES = 1500


async def test_a_page_is_as_old_as_the_oldest_of_the_vendors_pages_it_is_made_of() -> None:
    ages = {None: 2, "1": 5, "2": 1}

    async def fetch(request: PageRequest) -> Answer[Page[Row]]:
        following = {None: "1", "1": "2", "2": None}[request.after]
        return Answer(Page([row(ages[request.after])], following), NOW - timedelta(seconds=ages[request.after]))

    source = Source(name="lab", largest=1, what="tasks", fetch=fetch, keep=None)
    page = await streamed([source], first=3, after=None, key=CursorKey(b"secret"), binding=b"tasks")
    assert len(page.nodes) == 3
    assert page.backends[0].fetched_at == NOW - timedelta(seconds=5)


async def test_a_long_walk_leaves_no_more_behind_than_a_shorter_one() -> None:
    stack = lone_stack()

    async def vendor(request: PageRequest) -> Page[Row]:
        start = int(request.after or 0)
        return Page([row(start + at) for at in range(request.size)], str(start + request.size))

    async def fetch(request: PageRequest) -> Answer[Page[Row]]:
        return await ask(stack, Caller(), f"rows|{request}", lambda: vendor(request))

    source = Source(name="lab", largest=100, what="tasks", fetch=fetch, keep=None)
    key, after, left = CursorKey(b"secret"), None, []
    for number in range(1, PAGES + 1):
        page = await streamed([source], first=100, after=after, key=key, binding=b"rows")
        after = page.page_info.end_cursor
        if number % (PAGES // 3) == 0:
            del page
            gc.collect()
            left.append(len(gc.get_objects()))
    assert len(asyncio.all_tasks()) == 1
    assert abs(left[2] - left[1]) < PAGES / 3
