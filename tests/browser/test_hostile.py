"""Every page of the UI, full of strings that want to run, in a real browser: nothing runs."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Error, Request, sync_playwright

from crawler import queue
from tests.browser import hostile, vectors
from tests.browser.conftest import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]
WATCH = """
window.ran = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
  window[name] = () => window.ran.push(name);
}
document.addEventListener("securitypolicyviolation", (event) => {
  window.ran.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""
UNGUARDED = f"<img src=x onerror=alert(1)><img src=http://{vectors.CANARY}.test/x>"
WRONG = r"""() => {
  const found = [...window.ran];
  for (const element of document.querySelectorAll("*")) {
    for (const {name, value} of element.attributes) {
      if (name.startsWith("on") || name.startsWith("hx-on") || name === "style" || name === "srcdoc") {
        found.push(`${element.tagName} ${name}=${value}`);
      }
    }
    for (const name of ["href", "src", "action", "formAction", "data"]) {
      const to = element.hasAttribute(name.toLowerCase()) ? element[name] : "";
      if (typeof to === "string" && to && !/^(https?:|data:image\/)/.test(to)) {
        found.push(`${element.tagName} to ${to}`);
      }
    }
  }
  return found;
}"""


class Canary:
    """Listens where every hostile address leads, and counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def visits(self) -> int:
        """Return how many came since it was asked last."""
        self._socket.setblocking(False)
        count = 0
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                count += 1
        return count

    def close(self) -> None:
        self._socket.close()


class Watched:
    """A browser's context that keeps what it asked for beyond our own pages and files."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.strange: list[str] = []
        self._origin = urlsplit(origin).netloc
        context.add_init_script(WATCH)
        context.on("request", self._note)
        self.page = context.new_page()
        self.page.on("dialog", lambda dialog: self.strange.append(f"dialog {dialog.message}"))
        self.page.on("pageerror", lambda error: self.strange.append(str(error)))

    def _note(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if request.frame.parent_frame is not None:
            return  # what a caged page asks for and is refused; what gets through reaches the canary
        if asked.netloc != self._origin or asked.path.startswith(f"/{vectors.CANARY}"):
            self.strange.append(f"request {request.url}")

    def wrong_at(self, url: str) -> list[str]:
        """Open a page; return what ran there, was asked for, or could run when it is touched.

        An answer without content leaves the browser where it is.
        """
        self.strange.clear()
        try:
            answer = self.page.goto(url, wait_until="load")
        except Error as error:
            if "ERR_ABORTED" not in error.message:
                raise
        else:
            if answer is None or answer.status >= 500:
                self.strange.append("no page")
        found: list[Any] = self.page.evaluate(WRONG)
        return [f"{url}: {what}" for what in (*map(str, found), *self.strange)]


def test_the_grammar_has_more_than_a_thousand_strings() -> None:
    assert len(vectors.strings()) > 1_000


@pytest.fixture
def canary() -> Iterator[Canary]:
    listening = Canary()
    yield listening
    listening.close()


def test_nothing_hostile_runs_on_any_page(
    live_server: LiveServer, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "send_slice", lambda _lane: None)
    path, made = chromium(), hostile.make()
    session = Client()
    session.force_login(made.person)
    cookie = session.cookies[settings.SESSION_COOKIE_NAME].value
    led = f"--host-resolver-rules=MAP {vectors.CANARY}.test 127.0.0.1:{canary.port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[led, "--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context()
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        watched = Watched(context, live_server.url)
        wrong = [what for page in made.pages for what in watched.wrong_at(live_server.url + page)]
        watched.page.goto(live_server.url + made.caged, wait_until="load")
        visits = canary.visits()
        watched.page.goto("about:blank")
        watched.page.set_content(UNGUARDED, wait_until="load")
        seen, came = watched.page.evaluate(WRONG), canary.visits()
        browser.close()
    assert wrong == []
    assert visits == 0
    assert "alert" in seen, "what runs would be seen"
    assert came > 0, "who comes would be counted"
