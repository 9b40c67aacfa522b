"""Fetches a held host's robots.txt, notes it in the ledger, and judges claims by it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

from crawler.engine.neighbours import ask
from crawler.engine.session import ThroughProxies
from crawler.errors import RedirectError, RobotsForbidden
from crawler.http import Failed, Request
from crawler.policy import redirects, robots
from crawler.policy.robots import NoRules, RobotsFile, RobotsState, Unreachable, Usable
from crawler.urls import canonical

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from crawler.engine.held import HeldHost
    from crawler.engine.neighbours import Neighbours
    from crawler.engine.ports import Clock, Fetcher
    from crawler.engine.work import Claim, RunRules
    from crawler.http import Outcome

UNREACHABLE = "robots_unreachable"
FORBIDDEN = RobotsForbidden.code


def is_needed(host: HeldHost, *, now: datetime) -> bool:
    """Say whether robots.txt must be fetched before the next claim is judged.

    A file that was given up is asked for anew by each run that began afterwards.
    """
    ledger = host.ledger
    if ledger.robots_until is None or ledger.robots_until <= now:
        return host.hand.obeys
    given_up = ledger.robots_failed_at if ledger.robots_state == RobotsState.EXHAUSTED else None
    return given_up is not None and host.hand.obeys_since(given_up)


async def refresh(
    host: HeldHost, *, fetcher: Fetcher, others: Neighbours, clock: Clock, claim: Claim
) -> None:
    """Fetch robots.txt for the run of `claim` and write its state into the host's ledger.

    A good copy up to 30 days old is used while the file cannot be had; without one the host is
    left alone for a while, or its requests are skipped when waiting promises nothing. Nothing is
    learnt when the host is to go before another's turn comes, to which its file was moved.
    """
    pool = claim.rules.session.proxies if claim.rules.session is not None else None
    client = fetcher if pool is None else ThroughProxies(fetcher, pool, clock=clock)
    outcome = await _fetch(host, claim, fetcher=client, others=others)
    if outcome is None:
        return
    now, ledger = clock.now(), host.ledger
    failures = 0 if ledger.robots_state == RobotsState.EXHAUSTED else ledger.robots_failures
    match robots.judge(outcome, failures=failures, now=now):
        case Usable(body=body, ttl=ttl):
            _learn(host, RobotsState.USABLE, body=body, now=now, ttl=ttl)
        case NoRules(ttl=ttl):
            _learn(host, RobotsState.NONE, body=b"", now=now, ttl=ttl)
        case Unreachable() as trouble:
            host.note(robots_failures=failures + 1)
            _cannot_be_had(host, trouble, now=now, impatient=claim.rules.impatient)
        case never:
            assert_never(never)
    _slow_down(host, claim)


def _learn(host: HeldHost, state: RobotsState, *, body: bytes, now: datetime, ttl: timedelta) -> None:
    host.note(
        robots_state=state,
        robots_body=body,
        robots_fetched_at=now,
        robots_until=now + ttl,
        robots_failures=0,
        robots_failed_at=None,
        robots_reason="",
    )


def _cannot_be_had(host: HeldHost, trouble: Unreachable, *, now: datetime, impatient: bool) -> None:
    ledger = host.ledger
    fetched_at = ledger.robots_fetched_at
    good = (
        ledger.robots_state == RobotsState.USABLE
        and fetched_at is not None
        and now - fetched_at < robots.GOOD_COPY_LASTS
    )
    hopeless = trouble.exhausted or impatient
    lacking = RobotsState.EXHAUSTED if hopeless else RobotsState.UNREACHABLE
    host.note(
        last_status=f"robots {trouble.reason}",
        robots_state=RobotsState.USABLE if good else lacking,
        robots_body=ledger.robots_body if good else b"",
        robots_fetched_at=fetched_at if good else None,
        robots_until=now + trouble.retry_after,
        robots_failed_at=now,
        robots_reason=trouble.reason,
    )
    if host.ledger.robots_state == RobotsState.UNREACHABLE:
        host.rest(trouble.retry_after, because=UNREACHABLE)


def _slow_down(host: HeldHost, claim: Claim) -> None:
    """Have the delay count that the file which was just learnt asks for."""
    host.robots, host.robots_learnt = None, True
    rules = rules_of(host)
    host.note(crawl_delay_seconds=rules.crawl_delay(claim.rules.user_agent) if rules else None)


async def _fetch(host: HeldHost, claim: Claim, *, fetcher: Fetcher, others: Neighbours) -> Outcome | None:
    """Return what the host answers for /robots.txt, after at most five redirects (RFC 9309 §2.3.1.2).

    A redirect to another host waits for that host's turn; None when this one is to go before it comes.
    """
    url = f"{host.origin}/robots.txt"
    visited: list[str] = []
    while True:
        request = Request(
            url=url, headers=(("User-Agent", claim.rules.user_agent),), keep_bytes=robots.READ_BYTES
        )
        if canonical(url, keep_tracking=True).origin == host.origin:
            await asyncio.sleep(max(host.slot_in(), 0.0))
            outcome: Outcome | None = await ask(host, fetcher, request)
        else:
            outcome = await others.fetch(request, asker=host, claim=claim)
        if (
            outcome is None
            or isinstance(outcome, Failed)
            or not redirects.is_redirect(outcome)
            or len(visited) >= robots.MAX_REDIRECTS
        ):
            return outcome
        hop = redirects.follow(url, outcome, visited=visited)
        if isinstance(hop, RedirectError):  # to nowhere, which is no file, as after too many
            return outcome
        visited.append(url)
        url = hop.url.text


def rules_of(host: HeldHost) -> RobotsFile | None:
    """Return the host's parsed robots.txt; None when there are no rules."""
    if host.ledger.robots_state != RobotsState.USABLE:
        return None
    if host.robots is None:
        host.robots = RobotsFile.parse(host.ledger.robots_body)
    return host.robots


def unreachable(host: HeldHost) -> str:
    """Return the reason of what waits for a robots.txt in vain: the code, and that of its cause."""
    cause = host.ledger.robots_reason
    return f"{UNREACHABLE}: {cause}" if cause else UNREACHABLE


def refusal(host: HeldHost, url: str, rules: RunRules) -> str | None:
    """Return why robots.txt keeps a run from fetching `url` on its host; None when it does not.

    While the file cannot be had, its host is left alone and nothing is asked here.
    """
    if not rules.obey_robots:
        return None
    if host.ledger.robots_state == RobotsState.EXHAUSTED:
        return unreachable(host)
    file = rules_of(host)
    ruling = file.allows(url, rules.user_agent) if file else None
    if ruling is None or ruling.allowed:
        return None
    return f"{FORBIDDEN}: line {ruling.line}, {ruling.rule}".replace("\0", "")
