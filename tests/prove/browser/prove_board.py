"""The board in a browser without a network: what moves, what fails, who may see it, and for whom it works."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from gateway.auth.api_keys import digest_of, new_key
from gateway.vendorkit.simulation.faults import FaultKind, FaultRule
from tests.support.board_fleet import GONE, Fleet, fleet_of
from tests.support.browser import PHONE, picture, seen_page, serious_issues

NARROWEST = (360, 740)
_BARS = """() => Object.fromEntries([...document.querySelectorAll("#task-table tr[data-id]")]
  .map((row) => [row.dataset.id, row.querySelector("[data-kind=counts]")?.ariaValueText])
  .filter(([, words]) => words))"""
_IN_SIGHT = """() => [...document.querySelectorAll("#task-table tr[data-id]")]
  .filter((row) => row.getBoundingClientRect().bottom < innerHeight).map((row) => row.dataset.id)"""
_SHIFTED = """() => new Promise((tell) => { let sum = 0; new PerformanceObserver((list) => {
  for (const one of list.getEntries()) sum += one.value;
}).observe({type: "layout-shift", buffered: true}); setTimeout(() => tell(sum), 300); })"""


def test_running_tasks_move_by_themselves(browser: Browser, fleet: Fleet) -> None:
    with seen_page(browser, fleet.url) as seen:
        page = seen.page
        expect(page.locator("#liveness-text")).to_have_text("Live")
        expect(page.locator("#task-table [data-kind=counts]").nth(5)).to_be_attached()
        before = page.evaluate(_BARS)
        assert all(" ended: " in words for words in before.values())
        page.evaluate("() => { window.seenBefore = true; }")
        page.wait_for_function(
            f"(before) => Object.entries(({_BARS})()).some(([id, now]) => before[id] && before[id] !== now)",
            arg=before,
            timeout=40_000,
        )
        assert page.evaluate("window.seenBefore"), "the page was loaded anew"
        assert re.match(r"1 failing · \d+ running · ", page.title())


def test_what_is_shown_comes_through_the_caches(browser: Browser, fleet: Fleet) -> None:
    with seen_page(browser, fleet.url) as seen:
        page = seen.page
        headers: list[dict[str, str]] = []
        page.on("request", lambda request: headers.append(request.headers))
        page.reload()
        page.locator("#task-table tr[data-id] a").first.click()
        expect(page.locator(".devices-table tbody tr").first).to_be_visible()
        asked = [one for one in headers if one.get("content-type") == "application/json"]
        assert len(asked) >= 2
        assert not any("cache-control" in one or "pragma" in one for one in asked)


def test_a_backend_that_fails_is_shown_so_and_the_others_work(browser: Browser, fleet: Fleet) -> None:
    with seen_page(browser, fleet.url) as seen:
        page = seen.page
        gap = page.locator("#gaps li").filter(has_text=GONE)
        expect(gap).to_contain_text("could not be asked: its tasks are missing here")
        card = page.locator(f".card[data-backend='{GONE}']")
        expect(card).to_have_attribute("data-tone", "bad")
        expect(card).to_contain_text("Tasks could not be asked for")
        for vendor in fleet.vendors.values():
            expect(page.locator(f".card[data-backend='{vendor.name}']")).to_contain_text("Up")
            expect(page.locator("#task-table .where").filter(has_text=vendor.name).first).to_be_visible()
        page.get_by_label("Where").select_option(f"backend:{GONE}")
        expect(page.locator("#tasks-empty")).to_contain_text(f"{GONE} did not")
        assert f"backend={GONE}" in page.url


def test_what_is_old_is_shown_with_its_age(browser: Browser, fleet: Fleet) -> None:
    faulty = fleet.vendors["tuya"]
    rule = FaultRule(fault=FaultKind.ERROR)
    with seen_page(browser, fleet.url) as seen:
        page = seen.page
        expect(page.locator(f".card[data-backend='{faulty.name}']")).to_contain_text("up to date")
        faulty.faults.rules.append(rule)
        try:
            gap = page.locator("#gaps li").filter(has_text=faulty.name)
            for _ in range(20):
                page.wait_for_timeout(500)
                page.reload()
                expect(page.locator("#task-table tr[data-id]").first).to_be_visible()
                if gap.count():
                    break
            expect(gap).to_have_attribute("data-status", "STALE")
            expect(gap).to_contain_text("its tasks are shown as they were")
            expect(page.locator("#task-table .where").filter(has_text=faulty.name).first).to_be_visible()
        finally:
            faulty.faults.rules.remove(rule)


def test_a_slow_backend_holds_up_nobody_else(browser: Browser, tmp_path: Path) -> None:
    with fleet_of(tmp_path, ["aws-iot", "huawei-iotda"], timeout="20s") as fleet:
        slow = fleet.vendors["huawei-iotda"]
        slow.faults.rules.append(FaultRule(fault=FaultKind.DELAY, operation="ListBatchTasks", seconds=1.5))
        with seen_page(browser, fleet.url) as seen:
            page = seen.page
            card = page.locator(f".card[data-backend='{slow.name}']")
            expect(card).to_contain_text("Tasks are being asked for")
            rows = page.locator("#task-table .where")
            expect(rows.filter(has_text="lab-aws-iot").first).to_be_visible()
            expect(card).to_contain_text("Tasks are being asked for")
            assert rows.filter(has_text=slow.name).count() == 0
            expect(card).to_contain_text("Tasks are up to date")
            expect(rows.filter(has_text=slow.name).first).to_be_attached()


def test_a_broken_websocket_is_opened_again_and_nothing_is_lost(browser: Browser, fleet: Fleet) -> None:
    sockets: list[WebSocketRoute] = []
    told: list[set[str]] = []

    def passed_on(socket: WebSocketRoute) -> None:
        seen_by_this: set[str] = set()
        sockets.append(socket)
        told.append(seen_by_this)

        def to_the_page(message: str | bytes) -> None:
            payload = json.loads(message).get("payload") or {}
            if "data" in payload:
                seen_by_this.add(payload["data"]["taskUpdated"]["id"])
            socket.send(message)

        socket.connect_to_server().on_message(to_the_page)

    with seen_page(browser, fleet.url) as seen:
        page = seen.page
        page.route_web_socket("**/graphql", passed_on)
        page.reload()
        state = page.locator("#liveness-text")
        expect(state).to_have_text("Live")
        until(page, lambda: bool(told[0]))
        sockets[0].close(code=1012)
        expect(state).to_have_text("Reconnecting")
        expect(state).to_have_text("Live")
        # What has ended meanwhile, or left sight, is followed no more.
        in_sight = set(page.evaluate(_IN_SIGHT))
        until(page, lambda: told[1] >= {task for task in told[0] & in_sight if fleet.status(task) == "IN_PROGRESS"})
        assert len(sockets) == 2


def until(page: Page, true: Callable[[], bool]) -> None:
    """Let the page go on until something is true."""
    end = monotonic() + 15
    while not true():
        assert monotonic() < end, "it did not become true"
        page.wait_for_timeout(200)


def test_a_gateway_that_knows_its_callers_shows_nothing_before(browser: Browser, tmp_path: Path) -> None:
    key = new_key()
    auth = {
        "mode": "api_keys",
        "api_keys": [{"name": "on-call", "sha256": digest_of(key), "roles": ["viewer"]}],
        "policies": {"viewer": {"operations": "READ", "backends": "*"}},
    }
    with (
        fleet_of(tmp_path, ["aws-iot"], sections={"auth": auth}) as fleet,
        seen_page(browser, fleet.url, complaints=True) as seen,
    ):
        page = seen.page
        secret = page.get_by_label("The token or key")
        expect(secret).to_be_focused()
        expect(page.locator("#board")).to_be_hidden()
        assert serious_issues(page) == []
        secret.fill("otag_wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#signin-why")).to_contain_text("not valid here")
        page.get_by_label("an API key").check()
        secret.fill(key)
        page.get_by_role("button", name="Show the board").click()
        expect(page.locator("#task-table tr[data-id]").first).to_be_visible()
        expect(page.locator("#liveness-text")).to_have_text("Live")
        expect(page.locator("#no-backends")).to_be_hidden()
        expect(page.locator(".card .badge")).to_have_text("Up")
        assert key not in str(page.evaluate("JSON.stringify([localStorage, document.cookie, location.href])"))
        assert key in str(page.evaluate("JSON.stringify(sessionStorage)"))
        page.locator("#task-table tr[data-id] a").first.click()
        expect(page.locator("#cancel-why")).to_contain_text("You have no right to it")
        page.get_by_role("button", name="Sign out").click()
        expect(secret).to_be_focused()
        assert key not in str(page.evaluate("JSON.stringify(sessionStorage)"))
        expect(page.locator("#task-table tr[data-id]")).to_have_count(0)


def test_a_gateway_that_is_gone_is_said_so_and_found_again(browser: Browser, demo: str) -> None:
    with seen_page(browser, demo, complaints=True) as seen:
        page = seen.page
        rows = page.locator("#task-table tr[data-id]")
        expect(rows.first).to_be_visible()
        page.route("**/graphql", lambda route: route.abort())
        page.get_by_label("Status").select_option("active")
        banner = page.get_by_role("alert")
        expect(banner).to_contain_text("The gateway cannot be reached.")
        expect(banner).to_contain_text("What is shown is as of")
        expect(rows.first).to_be_visible()
        page.unroute("**/graphql")
        page.get_by_role("button", name="Try now").click()
        expect(banner).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, fleet: Fleet, scheme: Literal["light", "dark"]) -> None:
    with seen_page(browser, fleet.url, scheme=scheme) as seen:
        page = seen.page
        expect(page.locator("#gaps li").first).to_be_visible()
        assert serious_issues(page) == []
        page.get_by_role("link", name=fleet.running("tuya")[0]["name"], exact=True).click()
        expect(page.locator(".devices-table tbody tr").first).to_be_visible()
        assert serious_issues(page) == []
        page.get_by_role("button", name="Cancel this task…").click()
        expect(page.locator("#cancel-yes")).to_be_visible()
        assert serious_issues(page) == []


def test_it_fits_the_narrowest_phone(browser: Browser, fleet: Fleet) -> None:
    with seen_page(browser, fleet.url, size=NARROWEST) as seen:
        page = seen.page
        expect(page.locator("#task-table tr[data-id]").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST[0]
        page.locator("#task-table tr[data-id] a").first.click()
        expect(page.locator(".devices-table tbody tr").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST[0]
        assert serious_issues(page) == []


def test_light_or_dark_is_chosen_and_kept(browser: Browser, demo: str) -> None:
    with seen_page(browser, demo, scheme="light") as seen:
        page = seen.page
        ground = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(ground)
        button = page.get_by_role("button", name="Theme")
        button.click()
        button.click()
        expect(button).to_have_text("Theme: dark")
        dark = page.evaluate(ground)
        assert dark != light
        page.reload()
        expect(button).to_have_text("Theme: dark")
        assert page.evaluate(ground) == dark
        button.click()
        assert page.evaluate(ground) == light


def test_a_thousand_tasks_stay_smooth(
    browser: Browser, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with (
        fleet_of(tmp_path, ["aws-iot"], tasks=1000, devices_per_task=3) as fleet,
        seen_page(browser, fleet.url) as seen,
    ):
        page = seen.page
        rows = page.locator("#task-table tr[data-id]")
        begun = monotonic()
        expect(rows.first).to_be_visible()
        first = monotonic() - begun
        shifted = page.evaluate(_SHIFTED)
        while rows.count() < 1000:
            count = rows.count()
            page.locator("#tasks-more").click()
            expect(rows).not_to_have_count(count)
        page.evaluate("""() => { window.longest = 0; new PerformanceObserver((list) => {
          for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration);
        }).observe({entryTypes: ["longtask"]}); }""")
        for _ in range(8):
            page.mouse.wheel(0, 4000)
            page.wait_for_timeout(100)
        # The list is read again when its page is seen again.
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(1000)
        longest = page.evaluate("window.longest")
        record_property(
            "figures",
            f"board: first rows after {first:.1f} s, layout shift {shifted:.3f}; "
            f"1,000 tasks shown, longest pause {longest:.0f} ms",
        )
        assert rows.count() == 1000
        assert longest < 400
        assert shifted < 0.1


def test_pictures_for_the_documents(browser: Browser, demo: str, fleet: Fleet) -> None:
    for scheme in ("light", "dark"):
        with seen_page(browser, demo, scheme=scheme) as seen:  # type: ignore[arg-type]
            expect(seen.page.locator("#task-table [data-kind=counts]").nth(5)).to_be_visible()
            picture(seen.page, f"board-{scheme}")
    with seen_page(browser, fleet.url, scheme="dark", size=PHONE) as seen:
        expect(seen.page.locator("#gaps li").first).to_be_visible()
        picture(seen.page, "board-phone")
    with seen_page(browser, demo, "/?vendor=HUAWEI_IOTDA") as seen:
        page = seen.page
        page.locator("#task-table tr[data-id] a").first.click()
        page.get_by_role("button", name="Cancel this task…").click()
        expect(page.locator("#cancel-yes")).to_be_visible()
        picture(page, "board-cancel")
