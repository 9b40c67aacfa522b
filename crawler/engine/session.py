"""What a run remembers between its requests: its cookies, and whether it is logged in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.http import Fetched, Request
from crawler.policy.cookies import CookieJar

if TYPE_CHECKING:
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
        self.login = 0
        self._over = -1

    @property
    def is_over(self) -> bool:
        """Say whether the login that this slice knows of is over: nothing is sent until there is another."""
        return self._over >= self.login

    @property
    def cookies(self) -> tuple[Cookie, ...]:
        """All cookies, and the marks of those that were removed."""
        return self._jar.changes

    def end(self, login: int) -> None:
        """Note that the site does not know the login of this number any more."""
        self._over = max(self._over, login)

    async def fetch(
        self, fetcher: Fetcher, url: Url, *, headers: Fields, clock: Clock, form: bytes | None = None
    ) -> tuple[Outcome, tuple[Cookie, ...]]:
        """Ask for `url` with its cookies; return what came, and what that changed of the cookies."""
        sent = self._with_cookies(headers, url, now=clock.now())
        outcome = await fetcher.fetch(Request(url=url.text, headers=sent, form=form))
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

    def learn(self, news: SessionNews, *, now: datetime) -> None:
        """Take over what other slices changed, and which login it comes from."""
        self.login = max(self.login, news.login)
        self._jar.merge(news.cookies, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNews:
    """What was stored of a run's session: how often it logged in, and cookies that changed."""

    login: int = 0
    cookies: tuple[Cookie, ...] = ()
