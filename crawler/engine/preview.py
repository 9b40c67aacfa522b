"""One test fetch: the way of a request in a run, but for one page of a target that is not saved yet."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import orjson

from crawler.engine import findings, robots
from crawler.engine.findings import (
    Dropped,
    Finding,
    Forbidden,
    Held,
    Hop,
    Links,
    Record,
    Response,
    Shown,
    Trouble,
    Unfetched,
)
from crawler.engine.held import HeldHost
from crawler.engine.reading import read_or_code
from crawler.engine.visit import earlier_failures, items_of, links_of, note
from crawler.engine.work import Claim
from crawler.errors import RedirectError, TimedOut, explain
from crawler.http import Failed, Fetched, Request
from crawler.policy import redirects
from crawler.policy.retry import Retry, RetryPolicy
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.engine.ports import Clock, Fetcher, Lease
    from crawler.engine.reading import TimedReader
    from crawler.engine.work import HostLease, HostNews, RunRules
    from crawler.http import Headers, Outcome
    from crawler.urls import Url
    from scrapers.reader import Reading

LEAST_RETRY_SECONDS = 0.1
RETRY_SPREAD_SECONDS = 0.15
SHOWN_HEADERS = (
    "cache-control", "content-encoding", "content-language", "content-length", "content-type", "date", "etag",
    "last-modified", "link", "location", "retry-after", "server", "vary", "x-robots-tag",
)  # fmt: skip
"""Those that say how a page is crawled; cookies and the like are nobody's business."""


class NamedHosts(Protocol):
    """Leases hosts by name. A host that is held is asked for: its holder gives it back soon."""

    async def lease(self, origin: str) -> HostLease | None:
        """Return the host, or None while somebody holds it."""
        ...

    async def give_back(self, news: HostNews) -> None:
        """Write the host's ledger and let go of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a test fetch waits: for a host that is held, for its turn there, and in all."""

    held: timedelta = timedelta(seconds=10)
    turn: timedelta = timedelta(seconds=35)
    total: timedelta = timedelta(seconds=60)


class Preview:
    """Fetches and reads one page as a slice would, redirects included, and stores nothing but the ledger.

    It holds at most one host at a time, so that two of them never wait for each other.
    """

    def __init__(
        self,
        *,
        rules: RunRules,
        hosts: NamedHosts,
        fetcher: Fetcher,
        reader: TimedReader,
        lease: Lease,
        clock: Clock,
        text: Callable[[Fetched], str],
        patience: Patience | None = None,
    ) -> None:
        """Take the parts; `text` decodes a body, and is empty for what is no text."""
        self._rules = rules
        self._hosts = hosts
        self._fetcher = fetcher
        self._reader = reader
        self._lease = lease
        self._clock = clock
        self._text = text
        self._patience = patience or Patience()
        self._host: HeldHost | None = None

    async def run(self, start: str) -> Finding:
        """Return what there is at `start`, a canonical URL, or why it cannot be had."""
        try:
            async with asyncio.timeout(self._patience.total.total_seconds()):
                return await self._follow(canonical(start))
        except TimeoutError:
            return Unfetched(url=start, code=TimedOut.code, message="the test fetch took too long")
        finally:
            await self._leave()

    async def _follow(self, url: Url) -> Finding:
        hops: list[Hop] = []
        while True:
            answer = await self._visit(url)
            if not isinstance(answer, Fetched):
                return answer
            if not redirects.is_redirect(answer):
                await self._leave()
                return self._shown(url, answer, hops)
            hop = redirects.follow(url.text, answer, visited=[passed.url for passed in hops])
            hops.append(Hop(url=url.text, status=answer.status))
            if isinstance(hop, RedirectError):
                return Unfetched(url=url.text, code=hop.code, message=hop.message)
            url = hop.url

    async def _visit(self, url: Url) -> Fetched | Forbidden | Held | Unfetched:
        host = await self._enter(url.origin)
        if host is None:
            return Held(origin=url.origin)
        claim = self._claim(host, url)
        host.add((claim,))
        try:
            return await self._judged(host, claim) or await self._fetched(host, claim)
        finally:
            host.pop()

    async def _enter(self, origin: str) -> HeldHost | None:
        """Hold the host of `origin` and no other; None when it was not given back in time."""
        if self._host is not None and self._host.origin == origin:
            return self._host
        await self._leave()
        ends_at = self._clock.monotonic() + self._patience.held.total_seconds()
        while (lease := await self._hosts.lease(origin)) is None:
            if self._clock.monotonic() >= ends_at:
                return None
            await asyncio.sleep(LEAST_RETRY_SECONDS + RETRY_SPREAD_SECONDS * self._clock.draw())
        self._host = HeldHost(lease, self._clock)
        return self._host

    async def _leave(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            await self._hosts.give_back(host.news())

    def _claim(self, host: HeldHost, url: Url) -> Claim:
        """Return a claim as a run's would be, at no faster a pace than the host was last asked with."""
        slowest = max(self._rules.pace.delay_seconds, host.ledger.delay_seconds or 0.0)
        pace = replace(self._rules.pace, delay_seconds=slowest)
        return Claim(
            id=0,
            rules=replace(self._rules, pace=pace),
            host=host.id,
            backlog=0,
            epoch=host.epoch,
            url=url.text,
            key=url.key,
            depth=0,
            priority=9,
        )

    async def _judged(self, host: HeldHost, claim: Claim) -> Forbidden | Unfetched | None:
        """Return why the page must not be asked for now, by the ledger and by robots.txt."""
        if trouble := self._on_hold(host, claim):
            return trouble
        if host.needs_robots():
            await robots.refresh(host, fetcher=self._fetcher, clock=self._clock, claim=claim)
        if not claim.rules.obey_robots:
            return self._on_hold(host, claim)
        if host.ledger.robots_state in {"unreachable", robots.EXHAUSTED}:
            return _unfetched(claim, "robots_unreachable")
        rules = host.robots_rules()
        ruling = rules.allows(claim.url, claim.rules.user_agent) if rules else None
        if ruling is not None and not ruling.allowed:
            return Forbidden(url=claim.url, rule=ruling.rule or "", line=ruling.line or 0)
        return self._on_hold(host, claim)

    def _on_hold(self, host: HeldHost, claim: Claim) -> Unfetched | None:
        """Refuse to wait for a host that asked to be left alone for longer than a person waits here."""
        wait = host.slot_in()
        if wait <= self._patience.turn.total_seconds():
            return None
        if host.ledger.hold_reason == "robots_unreachable" and claim.rules.obey_robots:
            return _unfetched(claim, "robots_unreachable")
        until = self._clock.now() + timedelta(seconds=wait)
        why = f" ({explain(host.ledger.hold_reason)})" if host.ledger.hold_reason else ""
        message = f"this host is not asked before {until:%Y-%m-%d %H:%M:%S} UTC{why}"
        return Unfetched(url=claim.url, code="host_waits", message=message)

    async def _fetched(self, host: HeldHost, claim: Claim) -> Fetched | Unfetched:
        await asyncio.sleep(max(host.slot_in(), 0.0))
        if not self._lease.is_safe:
            return _unfetched(claim, "lease_lost")
        host.use_slot()
        outcome = await self._fetcher.fetch(
            Request(url=claim.url, headers=claim.rules.headers_for(host.origin))
        )
        note(host, outcome)
        self._slow_down(host, outcome)
        if isinstance(outcome, Failed):
            return Unfetched(url=claim.url, code=outcome.error.code, message=outcome.error.message)
        return outcome

    def _slow_down(self, host: HeldHost, outcome: Outcome) -> None:
        """Leave the host alone when it asks for that."""
        verdict = RetryPolicy().decide(
            outcome,
            attempt=1,
            jitter=self._clock.draw(),
            now=self._clock.now(),
            waits=earlier_failures(host),
        )
        if isinstance(verdict, Retry) and verdict.host_wide:
            host.hold(verdict.after, verdict.reason)

    def _shown(self, url: Url, page: Fetched, hops: list[Hop]) -> Shown:
        response = _response(url, page, hops)
        text = self._text(page)[: findings.TEXT_CHARACTERS]
        if not 200 <= page.status < 300:
            return _without_reading(response, text, f"status-{page.status}")
        reading = read_or_code(self._reader, self._rules, page, request=0)
        if isinstance(reading, str):
            return _without_reading(response, text, reading)
        claim = Claim(
            id=0,
            rules=self._rules,
            host=0,
            backlog=0,
            epoch=0,
            url=url.text,
            key=url.key,
            depth=0,
            priority=9,
        )
        return _with_reading(response, text, claim, reading)


def _unfetched(claim: Claim, code: str) -> Unfetched:
    return Unfetched(url=claim.url, code=code, message=explain(code))


def _response(url: Url, page: Fetched, hops: list[Hop]) -> Response:
    return Response(
        url=hops[0].url if hops else url.text,
        final_url=url.text,
        status=page.status,
        content_type=page.headers.get("content-type", ""),
        size=len(page.body),
        seconds=round(page.elapsed_seconds, 3),
        hops=tuple(hops),
        headers=_headers(page.headers),
    )


def _headers(headers: Headers) -> dict[str, str]:
    return {name: headers.joined(name) for name in SHOWN_HEADERS if name in headers}


def _without_reading(response: Response, text: str, code: str) -> Shown:
    trouble = Trouble(code=code, message=explain(code))
    return Shown(response=response, links=Links(), problems=(trouble,), problems_count=1, text=text)


def _with_reading(response: Response, text: str, claim: Claim, reading: Reading) -> Shown:
    items, unkeyed = items_of(claim, reading)
    problems = [Trouble(code=said.code, message=said.message, field=said.field) for said in reading.problems]
    if unkeyed:
        message = f"{unkeyed} of {len(reading.items)} items lack a key field and would not be stored"
        problems.insert(0, Trouble(code="key_missing", message=message, field="key"))
    first = items[: findings.MOST_ITEMS]
    return Shown(
        response=response,
        links=_links(claim, reading),
        items=tuple(Record(key=item.key, data=orjson.loads(item.data)) for item in first),
        items_count=len(items),
        problems=tuple(problems[: findings.MOST_PROBLEMS]),
        problems_count=len(problems),
        facts=reading.facts,
        text=text,
    )


def _links(claim: Claim, reading: Reading) -> Links:
    found, outside = links_of(claim, reading)
    followed = tuple(dict.fromkeys(link.url.text for link in found))
    dropped = dict.fromkeys(outside)
    return Links(
        followed=followed[: findings.MOST_LINKS],
        followed_count=len(followed),
        dropped=Counter(reason for reason, _url in dropped),
        samples=tuple(
            Dropped(reason=reason, url=url) for reason, url in list(dropped)[: findings.MOST_SAMPLES]
        ),
    )
