"""Cancelling on the board: by its dry run, then for real, and never twice."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support.board_fleet import Fleet, free_devices
from tests.support.browser import seen_page

_ENTRY = "query ($id: ID!) { node(id: $id) { ... on OtaAuditEntry { outcome reason idempotencyKey } } }"
_NOT_KNOWN = {
    "outcome": "UNKNOWN",
    "auditEntryId": "entry-1",
    "task": None,
    "preview": None,
    "errors": [
        {
            "__typename": "OtaOutcomeUnknown", "code": "OUTCOME_UNKNOWN", "message": "No answer came back.",
            "retryable": False, "backend": "lab-huawei-iotda", "target": None, "checkAfterSeconds": 30.0,
        }
    ],
}  # fmt: skip


def row_of(page: Page, name: str) -> Locator:
    """A task's row."""
    return page.locator("#task-table tr[data-id]").filter(has=page.get_by_role("link", name=name, exact=True))


def opened_by_keys(page: Page, link: Locator) -> None:
    """Open a task as somebody without a mouse does."""
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#task-heading")).to_be_focused()
    expect(page.locator(".devices-table tbody tr").first).to_be_visible()


def test_a_task_is_cancelled_by_keys_alone_its_dry_run_first(
    browser: Browser, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    vendor = fleet.vendors["aws-iot"]
    task = fleet.running("aws-iot")[0]
    with seen_page(browser, fleet.url) as seen:
        page = seen.page
        opened_by_keys(page, page.get_by_role("link", name=task["name"], exact=True))
        cancel = page.get_by_role("button", name="Cancel this task…")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(cancel).to_be_focused()
        writes = vendor.writes()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"This task would be cancelled: {task['name']}")
        expect(dialog).to_contain_text("those IN_PROGRESS go on")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(cancel).to_be_focused()
        assert vendor.writes() == writes, "a dry run changed something"

        page.keyboard.press("Enter")
        expect(page.locator("#cancel-reason")).to_be_focused()
        page.keyboard.type("the new firmware drains batteries")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.locator("#cancel-yes")).to_be_focused()
        assert vendor.writes() == writes
        page.keyboard.press("Enter")
        # AWS takes its time: what the vendor accepted is not said to be done.
        expect(dialog.locator(".outcome-line")).to_contain_text(re.compile("Requested|Done"))
        entry_id = dialog.locator(".audit code").inner_text()
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        expect(page.locator("#task .status .badge").first).to_have_text("Canceled", timeout=15_000)
        expect(row_of(page, task["name"]).locator(".badge")).to_have_text("Canceled")
        assert vendor.writes() == writes + 1
        assert fleet.status(task["id"]) == "CANCELED"
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name=task["name"], exact=True)).to_be_focused()
    entry = fleet.gateway.ask(_ENTRY, id=entry_id)["node"]
    assert (entry["outcome"] in ("DONE", "REQUESTED"), entry["reason"]) == (True, "the new firmware drains batteries")
    assert entry["idempotencyKey"].startswith("board-")
    record_property("figures", f"board: a task cancelled by keys, {vendor.writes() - writes} change at the vendor")


def test_chosen_devices_are_cancelled_and_each_is_told_of(browser: Browser, fleet: Fleet) -> None:
    vendor = fleet.vendors["huawei-iotda"]
    task = max(fleet.running("huawei-iotda"), key=lambda one: len(free_devices(one)))
    names = free_devices(task)[:2]
    assert len(names) == 2
    with seen_page(browser, fleet.url) as seen:
        page = seen.page
        page.get_by_role("link", name=task["name"], exact=True).click()
        for name in names:
            page.get_by_label(f"Choose {name}").check()
        writes = vendor.writes()
        page.get_by_role("button", name="Cancel 2 devices…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("The vendor would be asked to cancel")
        assert vendor.writes() == writes
        page.locator("#cancel-yes").click()
        for name in names:
            expect(dialog.locator(".results")).to_contain_text(name)
        expect(dialog).to_contain_text("of 2 done")
        assert vendor.writes() == writes + 1
        page.get_by_role("button", name="Close").last.click()
        search = page.locator("input[name=device]")
        search.fill(names[0])
        expect(page.locator(".devices-table tbody tr:visible")).to_have_count(1)
        expect(page.locator(".devices-table tbody tr:visible .badge")).to_have_text("Canceled")


def test_a_device_that_needs_force_is_cancelled_only_with_it(browser: Browser, fleet: Fleet) -> None:
    vendor = fleet.vendors["aws-iot"]
    task, device = next(
        (task, one["device"]["name"])
        for task in fleet.running("aws-iot")
        for one in task["executions"]["nodes"]
        if one["status"] == "IN_PROGRESS"
    )
    with seen_page(browser, fleet.url) as seen:
        page = seen.page
        page.get_by_role("link", name=task["name"], exact=True).click()
        writes = vendor.writes()
        page.get_by_role("button", name=f"Cancel {device}…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Nothing would be cancelled")
        expect(dialog).to_contain_text("Repeat with force: true")
        expect(page.locator("#cancel-yes")).to_have_count(0)
        page.get_by_label("Use force").check()
        expect(page.locator("#cancel-yes")).to_be_visible()
        page.keyboard.press("Escape")
        assert vendor.writes() == writes


def test_asking_again_after_a_lost_answer_does_not_cancel_twice(browser: Browser, fleet: Fleet) -> None:
    vendor = fleet.vendors["tuya"]
    task = fleet.running("tuya")[-1]
    with seen_page(browser, fleet.url, complaints=True) as seen:
        page = seen.page
        page.get_by_role("link", name=task["name"], exact=True).click()
        page.get_by_role("button", name="Cancel this task…").click()
        expect(page.locator("#cancel-yes")).to_be_visible()
        writes = vendor.writes()

        lost: list[Route] = []

        def carried_out_and_lost(route: Route) -> None:
            if "mutation CancelTask" in (route.request.post_data or "") and not lost:
                lost.append(route)
                route.fetch()
                route.abort()
            else:
                route.continue_()

        page.route("**/graphql", carried_out_and_lost)
        page.locator("#cancel-yes").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("It may have happened or not.")
        assert vendor.writes() == writes + 1
        dialog.get_by_role("button", name="Ask again").click()
        expect(dialog.locator(".outcome-line")).to_contain_text(re.compile("Requested|Done"))
        assert vendor.writes() == writes + 1


def test_what_cannot_be_cancelled_says_why(browser: Browser, demo: str) -> None:
    with seen_page(browser, f"{demo}", "/?vendor=AWS_MANAGED_INTEGRATIONS&status=active") as seen:
        page = seen.page
        page.locator("#task-table tr[data-id] a").first.click()
        cancel = page.get_by_role("button", name="Cancel this task…")
        expect(cancel).to_have_attribute("aria-disabled", "true")
        expect(page.locator("#cancel-why")).to_contain_text("Managed integrations cannot cancel a task")
        cancel.click(force=True)
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_an_outcome_that_is_not_known_is_said_so_and_read_back(browser: Browser, fleet: Fleet) -> None:
    task = fleet.running("huawei-iotda")[0]
    with seen_page(browser, fleet.url) as seen:
        page = seen.page
        page.get_by_role("link", name=task["name"], exact=True).click()
        page.get_by_role("button", name="Cancel this task…").click()
        expect(page.locator("#cancel-yes")).to_be_visible()
        reads: list[str] = []

        def lost_at_the_vendor(route: Route) -> None:
            if "mutation CancelTask" in (route.request.post_data or ""):
                route.fulfill(json={"data": {"cancelOtaTask": _NOT_KNOWN}})
            else:
                reads.append(route.request.headers.get("cache-control", ""))
                route.continue_()

        page.route("**/graphql", lost_at_the_vendor)
        page.locator("#cancel-yes").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(".outcome-line")).to_contain_text("it may have happened. Read back before repeating it.")
        expect(dialog.locator(".errors")).to_contain_text("Look again after 30 s.")
        expect(page.locator("#cancel-yes")).to_have_count(0)
        with page.expect_response("**/graphql"):
            dialog.get_by_role("button", name="Read back again").click()
        assert reads.count("no-cache") == 2
