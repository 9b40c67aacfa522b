"""Fetches a held host's robots.txt, notes it in the ledger, and judges claims by it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

from crawler.errors import RedirectError
from crawler.http import Failed, Request
from crawler.policy import redirects, robots
from crawler.policy.robots import NoRules, Unreachable, Usable

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.engine.held import HeldHost
    from crawler.engine.ports import Clock, Fetcher
    from crawler.engine.work import Claim
    from crawler.http import Outcome

EXHAUSTED = "exhausted"


async def refresh(host: HeldHost, *, fetcher: Fetcher, clock: Clock, claim: Claim) -> None:
    """Fetch robots.txt for the run of `claim` and write its state into the host's ledger.

    A good copy up to 30 days old is used while the file cannot be had; without one the host is
    left alone for a while, or its requests are skipped when waiting promises nothing.
    """
    outcome = await _fetch(host, fetcher, claim.rules.user_agent)
    now, ledger = clock.now(), host.ledger
    match robots.judge(outcome, failures=ledger.robots_failures, now=now):
        case Usable(body=body, ttl=ttl):
            host.learn_robots("usable", body=body, fetched_at=now, until=now + ttl, failures=0)
        case NoRules(ttl=ttl):
            host.learn_robots("none", body=b"", fetched_at=now, until=now + ttl, failures=0)
        case Unreachable() as trouble:
            _cannot_be_had(host, trouble, now=now, impatient=claim.rules.impatient)
        case never:
            assert_never(never)


def _cannot_be_had(host: HeldHost, trouble: Unreachable, *, now: datetime, impatient: bool) -> None:
    ledger = host.ledger
    fetched_at = ledger.robots_fetched_at
    good = (
        ledger.robots_state == "usable"
        and fetched_at is not None
        and now - fetched_at < robots.GOOD_COPY_LASTS
    )
    hopeless = trouble.exhausted or impatient
    state = "usable" if good else EXHAUSTED if hopeless else "unreachable"
    host.learn_robots(
        state,
        body=ledger.robots_body if good else b"",
        fetched_at=fetched_at if good else None,
        until=now + trouble.retry_after,
        failures=ledger.robots_failures + 1,
    )
    host.note(last_status=f"robots {trouble.reason}")
    if state == "unreachable":
        host.hold(trouble.retry_after, "robots_unreachable")


async def _fetch(host: HeldHost, fetcher: Fetcher, user_agent: str) -> Outcome:
    """Return what the host answers for /robots.txt, after at most five redirects (RFC 9309 §2.3.1.2)."""
    url = f"{host.origin}/robots.txt"
    visited: list[str] = []
    while True:
        await asyncio.sleep(max(host.slot_in(), 0.0))
        host.use_slot()
        outcome = await fetcher.fetch(
            Request(url=url, headers=(("User-Agent", user_agent),), keep_bytes=robots.READ_BYTES)
        )
        if (
            isinstance(outcome, Failed)
            or not redirects.is_redirect(outcome)
            or len(visited) >= robots.MAX_REDIRECTS
        ):
            return outcome
        hop = redirects.follow(url, outcome, visited=visited)
        if isinstance(hop, RedirectError):
            return Failed(url=url, error=hop, elapsed_seconds=outcome.elapsed_seconds)
        visited.append(url)
        url = hop.url.text


def refusal(host: HeldHost, claim: Claim) -> str | None:
    """Return why robots.txt keeps `claim` from being fetched; None when it does not.

    While the file cannot be had, its host is left alone and nothing is asked here.
    """
    if not claim.rules.obey_robots:
        return None
    if host.ledger.robots_state == EXHAUSTED:
        return "robots_unreachable"
    rules = host.robots_rules()
    if rules is None:
        return None
    ruling = rules.allows(claim.url, claim.rules.user_agent)
    if ruling.allowed:
        return None
    return f"robots: line {ruling.line}, {ruling.rule}".replace("\0", "")
