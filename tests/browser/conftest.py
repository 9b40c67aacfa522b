"""A whole installation, a shop to crawl, and headless Chromium to look at it with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright

from tests.integration.service.installation import ROOT, Installation
from tests.shop import served

SCREENSHOTS = ROOT / "var" / "screenshots"
EPOCH = 3
PASSWORD = "correct horse battery"
DESKTOP, PHONE = (1280, 900), (375, 812)
WITHIN_MILLISECONDS = 120_000
expect.set_options(timeout=WITHIN_MILLISECONDS)


@dataclass(slots=True, kw_only=True)
class Tab:
    """One tab of a person; what the browser complains about is kept."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def fill(self, **controls: str) -> None:
        for name, text in controls.items():
            self.page.locator(f"[name={name}]").fill(text)

    def sign_in(self) -> None:
        self.go("/")
        self.page.get_by_label("Name").fill("admin")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="Dashboard").wait_for()

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page, for people to look at; it takes longer than the page itself."""
        if not keeps_pictures():
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(wider))


OpenTab = Callable[..., Tab]


def keeps_pictures() -> bool:
    return "TRAWL_PICTURES" in os.environ


def chromium() -> str:
    """Return the browser's path; without one the test is skipped, in CI it fails."""
    named = os.environ.get("CHROMIUM_PATH")
    found = named or shutil.which("chromium") or shutil.which("chromium-headless-shell")
    if found and Path(found).exists():
        return found
    if os.environ.get("CI"):
        pytest.fail("no Chromium is installed; CHROMIUM_PATH may name one")
    pytest.skip("no Chromium is installed; CHROMIUM_PATH may name one")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def session(browser: Browser, service: Installation) -> StorageState:
    """What a browser keeps of a person who has signed in: to sign in anew takes as long as three pages."""
    context = browser.new_context()
    context.set_default_timeout(WITHIN_MILLISECONDS)
    Tab(page=context.new_page(), base=f"http://127.0.0.1:{service.port}").sign_in()
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The address of the demo shop, at an epoch that does not move."""
    with served(epoch=EPOCH) as url:
        yield url


@pytest.fixture(scope="module")
def crawled(service: Installation, shop: str) -> dict[str, str]:
    """The paths of the pages about a target that was crawled, by name."""
    body = {
        "name": "Outfitter",
        "start_urls": [shop],
        "scraper": "demo_shop",
        "delay_seconds": 0.02,
        "connections": 2,
    }
    target = service.call("POST", "/targets", body)["id"]
    run = service.call("POST", f"/targets/{target}/runs")["id"]
    service.finished(run)
    item = service.items(f"run={run}")[0]["id"]
    return {
        "target": f"/targets/{target}/",
        "target-edit": f"/targets/{target}/edit/",
        "target-crawl-by": f"/targets/{target}/crawl/by/",
        "run": f"/runs/{run}/",
        "run-requests": f"/runs/{run}/requests/",
        "run-decision": f"/runs/{run}/url/?url={shop}product/head-torch/%23reviews",
        "item": f"/items/{item}/",
    }


@pytest.fixture
def open_tab(browser: Browser, service: Installation, session: StorageState) -> Iterator[OpenTab]:
    """Open tabs on the service, signed in unless a `stranger` opens one.

    At the end none may have met an error or a breach of the policy.
    """
    contexts: list[BrowserContext] = []
    tabs: list[Tab] = []

    def open_one(*, size: tuple[int, int] = DESKTOP, stranger: bool = False, **options: Any) -> Tab:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            storage_state=None if stranger else session,
            **options,
        )
        context.set_default_timeout(WITHIN_MILLISECONDS)
        contexts.append(context)
        tab = Tab(page=context.new_page(), base=f"http://127.0.0.1:{service.port}")
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.on(
            "console",
            lambda message: tab.complaints.append(message.text) if message.type == "error" else None,
        )
        tabs.append(tab)
        return tab

    yield open_one
    for context in contexts:
        context.close()
    assert [complaint for tab in tabs for complaint in tab.complaints] == []
