"""What a run remembers between its requests: the cookies it sends, and what an answer changes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.http import Fetched, Request
from crawler.policy.cookies import CookieJar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.engine.ports import Clock, Fetcher
    from crawler.http import Outcome
    from crawler.policy.cookies import Cookie
    from crawler.urls import Url

Fields = tuple[tuple[str, str], ...]


class Session:
    """One run's session as far as this slice knows it; belongs to the event loop.

    What an answer changes goes with its result and is stored with it; what other slices stored
    comes with each look.
    """

    def __init__(self) -> None:
        self._jar = CookieJar()

    async def fetch(
        self, fetcher: Fetcher, url: Url, *, headers: Fields, clock: Clock
    ) -> tuple[Outcome, tuple[Cookie, ...]]:
        """Ask for `url` with its cookies; return what came, and what that changed of the cookies."""
        sent = self._with_cookies(headers, url, now=clock.now())
        outcome = await fetcher.fetch(Request(url=url.text, headers=sent))
        lines = outcome.headers.get_all("Set-Cookie") if isinstance(outcome, Fetched) else []
        return outcome, self._jar.receive(lines, url=url, now=clock.now()) if lines else ()

    def _with_cookies(self, headers: Fields, url: Url, *, now: datetime) -> Fields:
        """Return `headers` with one Cookie field: what a person gave, then the jar's."""
        cookies = self._jar.header(url, now=now)
        if not cookies:
            return headers
        given = [value for name, value in headers if name.lower() == "cookie"]
        others = tuple((name, value) for name, value in headers if name.lower() != "cookie")
        return (*others, ("Cookie", "; ".join([*given, cookies])))

    def learn(self, changes: Iterable[Cookie], *, now: datetime) -> None:
        """Take over what other slices changed."""
        self._jar.merge(changes, now=now)
