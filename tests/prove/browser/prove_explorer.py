"""The explorer in a browser without a network: it loads, completes, asks, watches, and keeps no credentials."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gateway.auth.api_keys import digest_of, new_key
from tests.support.board_fleet import fleet_of
from tests.support.browser import picture, seen_page, serious_issues
from tests.support.explorer_examples import EXAMPLES

CANCEL = "mutation ($task: ID!) { cancelOtaTask(input: {id: $task, force: true}) { errors { message } } }"


def editor(page: Page, name: str) -> Locator:
    """One of the editors, ready to be typed into; the schema has come, or is known not to."""
    expect(page.get_by_role("button", name="Re-fetch GraphQL schema")).to_be_enabled()
    found = page.locator(f"section[aria-label='{name}'] .monaco-editor >> visible=true").first
    expect(found).to_be_visible()
    return found


def write(page: Page, name: str, text: str) -> None:
    """Type into an editor what stands in it from then on."""
    editor(page, name).click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.type(text)


def opened(page: Page, title: str) -> None:
    """Open an example, and wait until it stands in its tab."""
    page.get_by_role("button", name=re.compile(f"^{re.escape(title)}")).click()
    expect(page.get_by_role("status").filter(has_text=f"{title}: opened")).to_be_attached()


def run(page: Page) -> None:
    """Press the button that executes, once there is an editor for the answer."""
    editor(page, "Result Window")
    page.get_by_role("button", name=re.compile("^Execute query")).click()


def answered(page: Page, *words: str) -> None:
    """Wait until the answer that is shown holds each of these."""
    result = page.locator("section[aria-label='Result Window']")
    for word in words:
        expect(result).to_contain_text(word)


@pytest.mark.parametrize(
    ("scheme", "example", "shown"),
    [("light", "Tasks of all backends", "demo-aws-iot"), ("dark", "Cancel a task", "PREVIEWED")],
)
def test_it_loads_and_axe_finds_nothing_serious(
    browser: Browser, demo: str, scheme: Literal["light", "dark"], example: str, shown: str
) -> None:
    with seen_page(browser, demo, "/graphql", scheme=scheme) as seen:
        page = seen.page
        editor(page, "Operation Editor")
        opened(page, example)
        run(page)
        answered(page, shown)
        assert serious_issues(page) == []
        picture(page, f"explorer-{scheme}")


def test_it_completes_a_field_and_runs_the_query(browser: Browser, demo: str) -> None:
    with seen_page(browser, demo, "/graphql") as seen:
        page = seen.page
        write(page, "Operation Editor", "{ backends { readO")
        page.keyboard.press("Control+Space")
        suggested = page.locator(".suggest-widget.visible .monaco-list-row").first
        expect(suggested).to_contain_text("readOnly")
        suggested.click()
        expect(page.locator("section[aria-label='Operation Editor'] .view-lines")).to_contain_text(
            "backends { readOnly"
        )
        run(page)
        answered(page, '"readOnly": false')


def test_a_subscription_shows_events_as_they_come(browser: Browser, demo: str) -> None:
    asked: list[dict[str, Any]] = []
    with seen_page(browser, demo, "/graphql") as seen:
        page = seen.page
        page.on("websocket", lambda socket: socket.on("framesent", lambda sent: asked.append(json.loads(sent))))
        opened(page, "Watch a task")
        run(page)
        answered(page, "taskUpdated", '"status": "IN_PROGRESS"')
        task = next(one["payload"]["variables"]["task"] for one in asked if one["type"] == "subscribe")
        cancelled = httpx.post(f"{demo}/graphql", json={"query": CANCEL, "variables": {"task": task}}, trust_env=False)
        assert cancelled.json()["data"]["cancelOtaTask"]["errors"] == []
        answered(page, "taskUpdated", '"status": "CANCEL')
        page.get_by_role("button", name=re.compile("^Stop query")).click()


def test_each_example_opens_with_real_ids_and_would_do_what_it_says(browser: Browser, demo: str) -> None:
    tried = Counter[str]()
    with seen_page(browser, demo, "/graphql") as seen:
        page = seen.page
        editor(page, "Operation Editor")
        for example in EXAMPLES:
            if example.kind == "subscription":
                continue
            opened(page, example.title)
            with page.expect_response(lambda response: response.url.endswith("/graphql")) as sent:
                run(page)
            tried[example.kind] += 1
            if "@defer" in example.text:
                answered(page, '"executionCounts"', '"total"')
                continue
            answer = sent.value.json()
            assert "errors" not in answer, (example.title, answer)
            if example.kind == "mutation":
                [payload] = answer["data"].values()
                assert payload["errors"] == [], (example.title, payload)
                assert payload["preview"]["wouldRefuse"] == [], (example.title, payload)
    assert tried == {"mutation": 9, "query": 7}


def test_a_key_goes_with_what_is_asked_and_watched_and_is_kept_nowhere(browser: Browser, tmp_path: Path) -> None:
    key = new_key()
    auth = {
        "mode": "api_keys",
        "api_keys": [{"name": "on-call", "sha256": digest_of(key), "roles": ["viewer"]}],
        "policies": {"viewer": {"operations": "READ", "backends": "*"}},
    }
    with (
        fleet_of(tmp_path, ["aws-iot"], sections={"auth": auth}) as fleet,
        seen_page(browser, fleet.url, "/graphql", complaints=True) as seen,
    ):
        page = seen.page
        editor(page, "Operation Editor")
        run(page)
        answered(page, "UNAUTHENTICATED")
        page.get_by_role("button", name="Headers", exact=True).click()
        write(page, "Headers", f'{{"X-Api-Key": "{key}"')
        run(page)
        answered(page, '"vendor": "AWS_IOT"')
        page.get_by_role("button", name="Re-fetch GraphQL schema").click()
        opened(page, "Watch a task")
        run(page)
        answered(page, "taskUpdated", '"status": "IN_PROGRESS"')
        page.wait_for_timeout(700)  # GraphiQL writes to its storage half a second later
        kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])")
        assert "WatchTask" in kept
        assert key not in kept
        page.reload()
        editor(page, "Operation Editor")
        run(page)
        answered(page, "Socket closed with event 4403")


def test_what_it_sends_is_compressed_and_kept_for_good(
    demo: str, record_property: Callable[[str, object], None]
) -> None:
    with httpx.Client(base_url=demo, trust_env=False) as client:
        page = client.get("/graphql", headers={"accept": "text/html"})
        files = re.findall(r"(?:src|href)=\"(assets/explorer/[^\"]+)\"", page.text)
        answers = [client.get(f"/{file}") for file in files]
    assert len(files) >= 2
    assert all(answer.headers["content-encoding"] == "gzip" for answer in answers)
    assert all("immutable" in answer.headers["cache-control"] for answer in answers)
    size = sum(int(answer.headers["content-length"]) for answer in (page, *answers))
    record_property("figures", f"the explorer's page, script and style: {size / 1000:.0f} kB, compressed")
