"""What a run remembers between its requests: cookies, login and proxies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.errors import ProxyFailed
from crawler.http import Failed, Fetched, Request
from crawler.policy.cookies import CookieJar
from crawler.policy.proxies import MOST_IN_A_ROW

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from crawler.engine.ports import Clock, Fetcher
    from crawler.http import Outcome, Proxy
    from crawler.policy.cookies import Cookie
    from crawler.policy.proxies import Health, ProxyPool
    from crawler.urls import Url

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an answer changed: cookies, and how the proxies do that it was asked for through."""

    cookies: tuple[Cookie, ...] = ()
    proxies: tuple[Health, ...] = ()


class Session:
    """One run's session as far as this slice knows it; belongs to the event loop.

    What an answer changes goes with its result and is stored with it; what other slices stored
    comes with each look.
    """

    def __init__(self, *, keeps_cookies: bool = True, proxies: ProxyPool | None = None) -> None:
        self._jar = CookieJar() if keeps_cookies else None
        self.proxies = proxies
        self.login = 0
        self._over = -1

    @property
    def keeps_cookies(self) -> bool:
        return self._jar is not None

    @property
    def is_over(self) -> bool:
        """Say whether the login that this slice knows of is over: nothing is sent until there is another."""
        return self._over >= self.login

    @property
    def cookies(self) -> tuple[Cookie, ...]:
        """All cookies, and the marks of those that were removed."""
        return self._jar.changes if self._jar is not None else ()

    def end(self, login: int) -> None:
        """Note that the site does not know the login of this number any more."""
        self._over = max(self._over, login)

    async def fetch(
        self, fetcher: Fetcher, url: Url, *, headers: Fields, clock: Clock, form: bytes | None = None
    ) -> tuple[Outcome, Changes]:
        """Ask for `url` with its cookies, through a proxy where there are some; return what came of it."""
        sent = self._with_cookies(headers, url, now=clock.now())
        request = Request(url=url.text, headers=sent, form=form)
        outcome, proxies = await through(self.proxies, fetcher, request, clock=clock)
        lines = outcome.headers.get_all("Set-Cookie") if isinstance(outcome, Fetched) else []
        set_ = self._jar.receive(lines, url=url, now=clock.now()) if lines and self._jar is not None else ()
        return outcome, Changes(cookies=set_, proxies=proxies)

    def _with_cookies(self, headers: Fields, url: Url, *, now: datetime) -> Fields:
        """Return `headers` with one Cookie field: what a person gave, then the jar's."""
        cookies = self._jar.header(url, now=now) if self._jar is not None else ""
        if not cookies:
            return headers
        given = [value for name, value in headers if name.lower() == "cookie"]
        others = tuple((name, value) for name, value in headers if name.lower() != "cookie")
        return (*others, ("Cookie", "; ".join([*given, cookies])))

    def learn(self, news: SessionNews, *, now: datetime) -> None:
        """Take over what other slices changed, and which login it comes from."""
        self.login = max(self.login, news.login)
        if self._jar is not None:
            self._jar.merge(news.cookies, now=now)
        if self.proxies is not None:
            self.proxies.learn(news.proxies)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNews:
    """What was stored of a run's session: how often it logged in, cookies that changed, how proxies do."""

    login: int = 0
    cookies: tuple[Cookie, ...] = ()
    proxies: tuple[Health, ...] = ()


async def through(
    pool: ProxyPool | None, fetcher: Fetcher, request: Request, *, clock: Clock
) -> tuple[Outcome, tuple[Health, ...]]:
    """Send a request through the proxies of `pool`, one after the other while they fail; directly without.

    A proxy that failed has sent nothing to the host, so another one may be asked at once.
    """
    if pool is None:
        return await fetcher.fetch(request), ()
    tried: list[Proxy] = []
    changed: list[Health] = []
    while True:
        proxy = pool.next(now=clock.now(), without=tried)
        if proxy is None:
            raise AssertionError("a pool has proxies, and those that failed are counted")
        outcome = await fetcher.fetch(replace(request, proxy=proxy))
        failed = isinstance(outcome, Failed) and isinstance(outcome.error, ProxyFailed)
        message = outcome.error.message if isinstance(outcome, Failed) and failed else ""
        health = pool.note(proxy, message, now=clock.now())
        changed += [health] if health else []
        tried.append(proxy)
        if not failed or len(tried) >= min(MOST_IN_A_ROW, len(pool)):
            return outcome, tuple(changed)


class ThroughProxies:
    """A fetcher for what belongs to a run but not to its session, such as robots.txt."""

    def __init__(self, fetcher: Fetcher, pool: ProxyPool, *, clock: Clock) -> None:
        self._fetcher = fetcher
        self._pool = pool
        self._clock = clock

    async def fetch(self, request: Request) -> Outcome:
        outcome, _changed = await through(self._pool, self._fetcher, request, clock=self._clock)
        return outcome

    async def leave(self, origins: Collection[str]) -> None:
        await self._fetcher.leave(origins)
