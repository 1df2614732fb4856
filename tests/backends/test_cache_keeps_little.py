"""The cache of one backend: for a while, and never much."""

import asyncio
from datetime import UTC, datetime, timedelta

from gateway.backends.cache import Answer, AnswerCache
from gateway.domain.page import Page

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def kept(cache: AnswerCache, count: int) -> list[int]:
    return [number for number in range(count) if cache.peek(str(number)) is not None]


async def test_an_answer_is_kept_until_its_hard_age_and_no_longer() -> None:
    cache = AnswerCache(timedelta(seconds=0.02), timedelta(seconds=0.05))
    cache.put("a", Answer("value", NOW))
    found = cache.peek("a")
    assert found is not None
    assert found.answer == Answer("value", NOW)
    await asyncio.sleep(0.1)
    assert cache.peek("a") is None


def test_a_ttl_of_zero_keeps_nothing() -> None:
    cache = AnswerCache(timedelta(0), timedelta(0))
    cache.put("a", Answer("value", NOW))
    assert cache.peek("a") is None


def test_old_pages_make_room_by_their_rows() -> None:
    cache = AnswerCache(timedelta(minutes=1), timedelta(minutes=2))
    for number in range(30):
        cache.put(str(number), Answer(Page(list(range(1000))), NOW))
    assert kept(cache, 30) == list(range(20, 30))


def test_a_page_that_is_put_again_counts_once() -> None:
    cache = AnswerCache(timedelta(minutes=1), timedelta(minutes=2))
    for _ in range(30):
        cache.put("0", Answer(Page(list(range(1000))), NOW))
    for number in range(1, 10):
        cache.put(str(number), Answer(Page(list(range(1000))), NOW))
    assert kept(cache, 10) == list(range(10))


def test_single_answers_make_room_by_their_number() -> None:
    cache = AnswerCache(timedelta(minutes=1), timedelta(minutes=2))
    for number in range(2100):
        cache.put(str(number), Answer(number, NOW))
    assert kept(cache, 2100) == list(range(52, 2100))


def test_what_is_forgotten_is_gone_and_there_is_room_again() -> None:
    cache = AnswerCache(timedelta(minutes=1), timedelta(minutes=2))
    for number in range(10):
        cache.put(str(number), Answer(Page(list(range(1000))), NOW))
    cache.clear()
    assert kept(cache, 10) == []
    for number in range(10):
        cache.put(str(number), Answer(Page(list(range(1000))), NOW))
    assert kept(cache, 10) == list(range(10))
