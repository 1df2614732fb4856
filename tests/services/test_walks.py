"""Walks of whole lists: patient with who answered before, and not to be led in a circle."""

from typing import Any

import pytest

from gateway.backends.stack import BackendStack
from gateway.domain.errors import BackendUnavailable, GatewayError, Throttled, VendorRejected
from gateway.domain.page import Page, PageRequest
from gateway.services.walks import Walk
from tests.support.lone_backend import Row, lone_stack, row

AWAY = BackendUnavailable("Not now.")


class Script:
    """What a vendor says, call by call: pages, each with its continuation, or errors."""

    def __init__(self, *said: tuple[int, str | None] | GatewayError) -> None:
        self._said = list(said)
        self.asked: list[str | None] = []

    def stack(self) -> BackendStack:
        stack = lone_stack()
        adapter: Any = stack.adapter
        adapter.list_tasks = self.page
        return stack

    async def page(self, request: PageRequest) -> Page[Row]:
        self.asked.append(request.after)
        said = self._said.pop(0) if len(self._said) > 1 else self._said[0]
        if isinstance(said, GatewayError):
            raise said
        number, following = said
        return Page([row(number)], following)


async def walked(script: Script) -> list[str]:
    return [task.ref.key[0] async for page in Walk(script.stack(), (0.0, 0.0)).tasks() for task in page]


@pytest.mark.parametrize("error", [AWAY, Throttled("Slower.", retry_after_seconds=0.01)])
async def test_who_has_answered_before_is_asked_for_the_same_page_again(error: GatewayError) -> None:
    script = Script((1, "a"), error, error, (2, "b"), error, (3, None))
    assert await walked(script) == ["1", "2", "3"]
    assert script.asked == [None, "a", "a", "a", "b", "b"]


async def test_patience_ends_and_what_came_before_stands() -> None:
    script = Script((1, "a"), AWAY)
    pages = Walk(script.stack(), (0.0, 0.0)).tasks()
    assert len(await anext(pages)) == 1
    with pytest.raises(BackendUnavailable):
        await anext(pages)
    assert script.asked == [None, "a", "a", "a"]


@pytest.mark.parametrize("said", [[AWAY], [(1, "a"), VendorRejected("No.")]])
async def test_who_never_answered_and_who_refuses_is_not_asked_again(said: list[Any]) -> None:
    script = Script(*said)
    with pytest.raises(GatewayError):
        await walked(script)
    assert len(script.asked) == len(said)


@pytest.mark.parametrize("circle", [1, 2, 3, 7, 20])
async def test_paging_that_leads_in_a_circle_ends(circle: int) -> None:
    before = [(number, f"lead-in {number}") for number in range(5)]
    script = Script(*before, *[(number % circle, f"circle {number % circle}") for number in range(1000)])
    with pytest.raises(VendorRejected, match="its paging never ends"):
        await walked(script)
    # However long the way into the circle: twice around, or as far again as it is.
    assert len(script.asked) <= 4 * (len(before) + circle)
