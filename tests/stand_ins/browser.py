"""Chromium, as people use it: screens of two sizes, and no page that misbehaves unnoticed."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

NAMES = ("chromium", "chromium-browser", "google-chrome")
HERE = "127.0.0.1"
ARGUMENTS = (
    "--no-sandbox",  # which root, as in a container, cannot have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HERE}",  # no other machine is there
)
PATIENCE = 10_000  # milliseconds
OWN = ("about", "blob", "chrome-error", "data", "file")  # addresses that ask no machine

SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desk": {"viewport": {"width": 1400, "height": 1000}},
}


def why_no_browser() -> str:
    """Return why no browser can be driven here; empty where one can."""
    if importlib.util.find_spec("playwright") is None:
        return "no playwright: pip install 'quorate[test]'"
    if importlib.util.find_spec("axe_playwright_python") is None:
        return "no axe_playwright_python: pip install 'quorate[test]'"
    if not any(map(shutil.which, NAMES)):
        return f"no {' or '.join(NAMES)}: apt-get install chromium fonts-dejavu-core"
    return ""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the system's Chromium; it ends with this process, even if that is killed.

    While it is there, no event loop can run in this thread: Playwright's own does. In other
    threads, one can.
    """
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, NAMES)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitors:
    """People who open pages, each in a browser profile of their own, and what went wrong.

    Args:
        browser: Chromium.
        wrong: a line for each request to another machine, each error on a console (scripts
            that fail, files that are missing, breaches of a page's content security policy) and
            each uncaught exception.
    """

    browser: Browser
    wrong: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(self, screen: str = "phone", scheme: str = "light", **more: Any) -> Page:
        """Open an empty page for somebody who has not been here before.

        Args:
            screen: ``phone`` (390 x 844, touched) or ``desk`` (1400 x 1000).
            scheme: ``light`` or ``dark``.
            **more: of Playwright's ``new_context``, as ``java_script_enabled=False``.
        """
        context = self.browser.new_context(color_scheme=scheme, **SCREENS[screen], **more)
        context.set_default_timeout(PATIENCE)
        context.on("request", self._on_request)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.wrong.append(f"uncaught: {error.error}"))
        self.contexts.append(context)
        return context.new_page()

    def end(self) -> list[str]:
        """Close all pages, and return what went wrong."""
        for context in self.contexts:
            context.close()
        return self.wrong

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in OWN and address.hostname != HERE:
            self.wrong.append(f"asked another machine: {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        at = message.location.get("url", "")
        page = message.page
        # A page that answers 403 or 404 is what its test asked for; a missing file of it is not.
        answered = message.text.startswith("Failed to load resource: the server responded")
        if answered and page is not None and at == page.url:
            return
        self.wrong.append(f"console of {page.url if page else 'a page'}: {message.text} ({at})")


def axe(page: Page) -> list[str]:
    """Return what axe-core has against a page: a line for each rule, with the places.

    It runs in a world of its own, which the page's content security policy, left as it is, does
    not rule, and which the page's scripts cannot see.
    """
    import axe_playwright_python

    source = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
    session = page.context.new_cdp_session(page)
    try:
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})

        def run(expression: str) -> Any:
            said = session.send(
                "Runtime.evaluate",
                {
                    "expression": expression,
                    "contextId": world["executionContextId"],
                    "awaitPromise": True,
                    "returnByValue": True,
                },
            )
            assert "exceptionDetails" not in said, said["exceptionDetails"]
            return said["result"].get("value")

        run(f"{source}; 0")
        found = run("axe.run().then(({violations}) => violations)")
    finally:
        session.detach()
    lines = []
    for one in found:
        places = ", ".join(" ".join(node["target"]) for node in one["nodes"])
        lines.append(f"{one['id']}: {one['help']} ({places})")
    return lines
