"""The merged order: nulls last in both directions, ties by id, every cursor leads on to the next row."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.backends.snapshot import Snapshot
from gateway.domain.errors import BackendUnavailable
from gateway.services.connection import BackendResultStatus, Connection
from gateway.services.cursors import CursorKey
from gateway.services.inputs import Direction
from gateway.services.merged_list import Taken, Whole, merged
from gateway.services.sort_keys import by_moment, by_text

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Thing:
    id: str
    name: str
    created_at: datetime | None


def thing(key: str, hours: float | None, name: str = "") -> Thing:
    return Thing(key, name or key, None if hours is None else NOW + timedelta(hours=hours))


HERE = [thing("a", 3), thing("c", None), thing("e", 1), thing("g", 2)]
THERE = [thing("b", 2), thing("d", None), thing("f", 3), thing("h", 1, "E")]


def whole(name: str, things: list[Thing]) -> Whole[Thing]:
    snapshot = Snapshot({one.id: one for one in things}, NOW)

    async def take() -> Taken[Thing]:
        return Taken(snapshot)

    return Whole(name=name, snapshot=take)


def dead(name: str) -> Whole[Thing]:
    async def take() -> Taken[Thing]:
        raise BackendUnavailable("It is gone.", backend=name)

    return Whole(name=name, snapshot=take)


async def page(wholes: list[Whole[Thing]], first: int, after: str | None, direction: Direction) -> Connection[Thing]:
    return await merged(
        wholes,
        order=("CREATED_AT", direction),
        key_of=by_moment(lambda one: one.created_at, direction),
        keep=lambda _: True,
        first=first,
        after=after,
        key=CursorKey(b"secret"),
        binding=b"things",
    )


async def walk(wholes: list[Whole[Thing]], first: int, direction: Direction) -> str:
    seen, after = "", None
    for _ in range(20):
        one = await page(wholes, first, after, direction)
        seen += "".join(row.id for row in one.nodes)
        if not one.page_info.has_next_page:
            return seen
        after = one.page_info.end_cursor
    raise AssertionError(seen)


@pytest.mark.parametrize("first", range(1, 10))
async def test_nulls_come_last_and_ties_go_by_id_whatever_the_page_size(first: int) -> None:
    wholes = [whole("here", HERE), whole("there", THERE)]
    assert await walk(wholes, first, Direction.DESC) == "afbgehcd"
    assert await walk(wholes, first, Direction.ASC) == "ehbgafcd"


async def test_a_dead_backend_is_named_and_the_walk_goes_on_without_it() -> None:
    wholes = [whole("here", HERE), dead("there")]
    one = await page(wholes, 10, None, Direction.DESC)
    assert [result.status for result in one.backends] == [BackendResultStatus.OK, BackendResultStatus.FAILED]
    assert one.backends[1].error is not None
    assert await walk(wholes, 1, Direction.DESC) == "agec"


async def test_a_backend_that_comes_back_joins_behind_the_cursor() -> None:
    first = await page([whole("here", HERE), dead("there")], 2, None, Direction.DESC)
    rest = await page([whole("here", HERE), whole("there", THERE)], 10, first.page_info.end_cursor, Direction.DESC)
    assert "".join(row.id for row in rest.nodes) == "ehcd"


@pytest.mark.parametrize("direction", Direction)
async def test_names_are_compared_without_case_first(direction: Direction) -> None:
    key: Any = by_text(lambda one: one.name, direction)
    names = [thing(str(at), 0, name) for at, name in enumerate(["b", "A", "a", "B", "ä", "1"])]
    ordered = [one.name for one in sorted(names, key=key)]
    expected = ["1", "A", "a", "B", "b", "ä"]
    assert ordered == (expected if direction is Direction.ASC else expected[::-1])
