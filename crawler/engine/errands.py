"""Asks hosts one after the other, each at its turn, outside of any slice's loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.engine import manners, robots
from crawler.engine.findings import Forbidden, Held, Unfetched
from crawler.engine.held import HeldHost
from crawler.engine.neighbours import Neighbours
from crawler.engine.work import Claim
from crawler.errors import explain
from crawler.http import Failed, Fetched, Request
from crawler.policy.retry import Retry, RetryPolicy
from crawler.policy.robots import RobotsState
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.engine.ports import Clock, Fetcher, Lease, NamedHosts
    from crawler.engine.reading import TimedReader
    from crawler.engine.work import RunRules
    from crawler.http import Outcome
    from crawler.urls import Url

LEAST_RETRY_SECONDS = 0.1
RETRY_SPREAD_SECONDS = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a test fetch waits: for a host that is held, for its turn there, and in all."""

    held: timedelta = timedelta(seconds=10)
    turn: timedelta = timedelta(seconds=35)
    total: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a test fetch works with; `text` decodes a body, and is empty for what is no text."""

    hosts: NamedHosts
    fetcher: Fetcher
    reader: TimedReader
    lease: Lease
    clock: Clock
    text: Callable[[Fetched], str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host that is still held answered to a claim."""

    host: HeldHost
    claim: Claim
    page: Fetched


class Errand:
    """Asks for a few URLs as a slice would, by the rules of one run, and stores nothing but the ledgers.

    It holds one host at a time, so that two of them never wait for each other. While it holds one whose
    robots.txt was moved to another, it waits for that no longer than for any host.
    """

    def __init__(self, *, rules: RunRules, means: Means, patience: Patience) -> None:
        self._rules = rules
        self._means = means
        self._clock = means.clock
        self._patience = patience
        self._host: HeldHost | None = None

    async def ask(self, url: Url, *, form: bytes | None = None) -> Answer | Forbidden | Held | Unfetched:
        """Return the answer to a GET, or the POST of a `form`; or why there is none."""
        host = await self._enter(url.origin)
        if host is None:
            return Held(origin=url.origin)
        claim = self._claim(host, url)
        host.add((claim,))
        try:
            return await self._judged(host, claim) or await self._fetched(host, claim, form)
        finally:
            host.hand.pop()

    async def _enter(self, origin: str) -> HeldHost | None:
        """Hold the host of `origin` and no other; None when it was not given back in time."""
        if self._host is not None and self._host.origin == origin:
            return self._host
        await self.leave()
        ends_at = self._clock.monotonic() + self._patience.held.total_seconds()
        while (lease := await self._means.hosts.lease(origin)) is None:
            if self._clock.monotonic() >= ends_at:
                return None
            await asyncio.sleep(LEAST_RETRY_SECONDS + RETRY_SPREAD_SECONDS * self._clock.draw())
        self._host = HeldHost(lease, self._clock)
        return self._host

    async def leave(self) -> None:
        """Give back the host that is held, if any."""
        host, self._host = self._host, None
        if host is not None:
            await self._means.hosts.give_back(host.news())

    def _claim(self, host: HeldHost, url: Url) -> Claim:
        """Return a claim as a run's would be, at no faster a pace than the host was last asked with."""
        slowest = max(self._rules.pace.delay_seconds, host.ledger.delay_seconds or 0.0)
        pace = replace(self._rules.pace, delay_seconds=slowest)
        return Claim(
            id=0,
            rules=replace(self._rules, pace=pace, began_at=self._clock.now()),
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
        if robots.is_needed(host, now=self._clock.now()):
            await self._fetch_robots(host, claim)
        if not claim.rules.obey_robots:
            return self._on_hold(host, claim)
        if host.ledger.robots_state in {RobotsState.UNREACHABLE, RobotsState.EXHAUSTED}:
            return _unfetched(claim, robots.unreachable(host))
        rules = robots.rules_of(host)
        ruling = rules.allows(claim.url, claim.rules.user_agent) if rules else None
        if ruling is not None and not ruling.allowed:
            return Forbidden(url=claim.url, rule=ruling.rule or "", line=ruling.line or 0)
        return self._on_hold(host, claim)

    async def _fetch_robots(self, host: HeldHost, claim: Claim) -> None:
        means = self._means
        others = Neighbours(
            named=means.hosts, fetcher=means.fetcher, clock=self._clock, patience=self._patience.held
        )
        await robots.refresh(host, fetcher=means.fetcher, others=others, clock=self._clock, claim=claim)

    def _on_hold(self, host: HeldHost, claim: Claim) -> Unfetched | None:
        """Refuse to wait for a host that asked to be left alone for longer than a person waits here."""
        wait = host.slot_in()
        if wait <= self._patience.turn.total_seconds():
            return None
        if host.ledger.hold_reason == robots.UNREACHABLE and claim.rules.obey_robots:
            return _unfetched(claim, robots.unreachable(host))
        until = self._clock.now() + timedelta(seconds=wait)
        why = f" ({explain(host.ledger.hold_reason)})" if host.ledger.hold_reason else ""
        message = f"this host is not asked before {until:%Y-%m-%d %H:%M:%S} UTC{why}"
        return Unfetched(url=claim.url, code="host_waits", message=message)

    async def _fetched(self, host: HeldHost, claim: Claim, form: bytes | None) -> Answer | Unfetched:
        await asyncio.sleep(max(host.slot_in(), 0.0))
        if not self._means.lease.is_safe:
            return _unfetched(claim, "lease_lost")
        host.use_slot()
        outcome = await self._sent(claim, host.origin, form)
        manners.note(host, outcome)
        self._slow_down(host, outcome)
        if isinstance(outcome, Failed):
            return Unfetched(url=claim.url, code=outcome.error.code, message=outcome.error.message)
        return Answer(host, claim, outcome)

    async def _sent(self, claim: Claim, origin: str, form: bytes | None) -> Outcome:
        fetcher, headers = self._means.fetcher, claim.rules.headers_for(origin)
        if (session := claim.rules.session) is None:
            return await fetcher.fetch(Request(url=claim.url, headers=headers, form=form))
        url = canonical(claim.url, keep_tracking=True)
        outcome, _changed = await session.fetch(fetcher, url, headers=headers, clock=self._clock, form=form)
        return outcome

    def _slow_down(self, host: HeldHost, outcome: Outcome) -> None:
        """Leave the host alone when it asks for that."""
        verdict = RetryPolicy().decide(
            outcome,
            attempt=1,
            jitter=self._clock.draw(),
            now=self._clock.now(),
            past=manners.past(host),
        )
        if isinstance(verdict, Retry) and verdict.host_wide:
            host.rest(verdict.after, because=verdict.reason)


def _unfetched(claim: Claim, code: str) -> Unfetched:
    return Unfetched(url=claim.url, code=code, message=explain(code))
