"""Pages in Chromium as a person sees them, with no network but loopback, and nothing asked of any other origin.

`CHROMIUM` names the browser, else it is Debian's. With `SCREENSHOTS=docs/images`, pictures of the pages are written
there: `SCREENSHOTS=docs/images make prove` writes those of the documents again.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SCREENSHOTS = os.environ.get("SCREENSHOTS")
DESKTOP = (1280, 800)
PHONE = (390, 844)
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Every other name and address is not found, whoever asks: a page, a worker or the browser itself.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_NOTICED = frozenset(("serious", "critical"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False, args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class SeenPage:
    """A page, and what was noticed of it: `asked` are the addresses that it asked, `said` what it complained of."""

    page: Page
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def strangers(self, origin: str) -> list[str]:
        """What was asked of anybody but this origin."""
        host = urlsplit(origin).netloc
        return [
            url for url in self.asked if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != host
        ]


@contextmanager
def seen_page(
    browser: Browser,
    origin: str,
    path: str = "/",
    *,
    scheme: Literal["light", "dark"] = "light",
    size: tuple[int, int] = DESKTOP,
    complaints: bool = False,
) -> Iterator[SeenPage]:
    """A page of the gateway at `origin`, in a browser that knows nothing of earlier ones.

    At the end of the block it must have asked nobody else for anything, and, unless `complaints` are expected, have
    raised no error and broken no policy.
    """
    context = browser.new_context(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
    context.set_default_timeout(15_000)
    try:
        seen = _watched(context)
        seen.page.goto(f"{origin}{path}")
        yield seen
        assert seen.asked, "nothing was asked: the watching is broken"
        assert seen.strangers(origin) == []
        assert complaints or seen.said == []
    finally:
        context.close()


def _watched(context: BrowserContext) -> SeenPage:
    seen = SeenPage(context.new_page())

    def asked(request: Request) -> None:
        seen.asked.append(request.url)

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            seen.said.append(message.text)

    context.on("request", asked)
    seen.page.on("websocket", lambda socket: seen.asked.append(socket.url))
    seen.page.on("console", said)
    seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
    return seen


def serious_issues(page: Page) -> list[str]:
    """What axe finds on the page that keeps people from using it, a line for each."""
    found: dict[str, Any] = Axe().run(page).response
    assert len(found["passes"]) > 10, "axe found next to nothing to look at"
    return [
        f"{issue['id']} ({issue['impact']}): {node['html'][:200]}"
        for issue in found["violations"]
        if issue["impact"] in _NOTICED
        for node in issue["nodes"]
    ]


def picture(page: Page, name: str) -> None:
    """Write a picture of the page, `name`.png, where `SCREENSHOTS` wants one."""
    if SCREENSHOTS is not None:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", animations="disabled", caret="initial")
