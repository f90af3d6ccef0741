"""A real browser that remembers everything it had to complain about."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
WATCH = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", event =>
        window.violations.push(event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile));
"""


class Window:
    """One page, and its `complaints`: console errors, exceptions, failed requests, violations of the policy."""

    def __init__(self, page: Page, root: str) -> None:
        self.page, self.root = page, root
        self.complaints: list[str] = []
        page.add_init_script(WATCH)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("response", self._answered)

    def open(self, path: str) -> None:
        self.page.goto(self.root + path, wait_until="networkidle")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing loads any more, and note what the policy had to refuse."""
        self.page.wait_for_load_state("networkidle")
        self.complaints += [f"{self.page.url}: {one}" for one in self.page.evaluate("window.violations")]

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")


@contextmanager
def browsing(root: str, **options: Any) -> Iterator[Window]:
    """A window onto the server at `root`; `options` are Playwright's for a context."""
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            page = browser.new_context(viewport={"width": 1360, "height": 900}, **options).new_page()
            yield Window(page, root)
        finally:
            browser.close()


def chromium() -> str:
    """The path of a Chromium; without one, pages for people cannot be tested and the test fails."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail("There is no Chromium: `apt-get install chromium`, or name one in the variable CHROMIUM.")
    return path
