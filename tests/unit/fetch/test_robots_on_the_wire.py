"""Every way a real server answers for robots.txt, fetched for real, and what it means for two pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.engine import robots
from crawler.engine.held import HeldHost
from crawler.engine.work import Claim, HostLease, Ledger
from crawler.fetch.http import HttpFetcher
from crawler.fetch.limits import FetchLimits
from crawler.http import Fetched, Request
from crawler.policy.robots import READ_BYTES
from tests.fakes.clock import FakeClock
from tests.fakes.neighbours import refreshed
from tests.fakes.rules import some_rules
from tests.site.robots import ROBOTS

if TYPE_CHECKING:
    from crawler.fetch.guard import EgressGuard
    from tests.site import HostileSite

RULES = b"User-agent: *\nDisallow: /private/\n"
HURRY = FetchLimits(
    total=timedelta(seconds=5), headers=timedelta(seconds=0.3), slow_after=timedelta(seconds=0.3)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What the ledger says, and whether a public page and one below /private/ may be fetched.

    With `hours` None the file is asked for again in a minute.
    """

    state: str
    public: bool = True
    private: bool = True
    reason: str = ""
    hours: int | None = 24


OBEYED = Meaning(state="usable", private=False)
NO_RULES = Meaning(state="none")
EMPTY = Meaning(state="usable")


def lacking(reason: str) -> Meaning:
    return Meaning(state="unreachable", public=False, private=False, reason=reason, hours=None)


async def meaning_of(host: HeldHost, fetcher: HttpFetcher) -> Meaning:
    """Fetch the host's file once, and return what it means."""
    clock = FakeClock()
    claim = _claim(f"{host.origin}/page")
    host.add((claim,))
    await refreshed(host, fetcher=fetcher, clock=clock, claim=claim)
    ledger = host.ledger
    assert ledger.robots_until is not None
    lasts = ledger.robots_until - clock.now()
    lacks = ledger.robots_state == "unreachable"
    assert not lacks or lasts == timedelta(minutes=1)
    return Meaning(
        state=ledger.robots_state,
        public=not lacks and robots.refusal(host, f"{host.origin}/page", claim.rules) is None,
        private=not lacks and robots.refusal(host, f"{host.origin}/private/page", claim.rules) is None,
        reason=ledger.robots_reason,
        hours=None if lacks else int(lasts.total_seconds() / 3600),
    )


def _claim(url: str) -> Claim:
    rules = some_rules(obey_robots=True)
    return Claim(id=1, rules=rules, host=1, backlog=1, epoch=1, url=url, key=b"", depth=0, priority=5)


def held(origin: str) -> HeldHost:
    return HeldHost(HostLease(id=1, origin=origin, epoch=1, ledger=Ledger()), FakeClock())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, NO_RULES),
        ("rules", OBEYED),
        ("disallow-all", Meaning(state="usable", public=False, private=False)),
        ("empty", EMPTY),
        ("crawl-delay", OBEYED),
        ("bom", OBEYED),
        ("half-bom", OBEYED),
        ("carriage-returns", OBEYED),
        ("crlf", OBEYED),
        ("latin-1", OBEYED),
        ("html", EMPTY),
        ("huge", OBEYED),
        ("gone", NO_RULES),
        ("forbidden", NO_RULES),
        ("too-many", lacking("status-429")),
        ("error", lacking("status-500")),
        ("unavailable", lacking("status-503")),
        ("redirects", OBEYED),
        ("loops", NO_RULES),
        ("five-hops", OBEYED),
        ("six-hops", NO_RULES),
        ("gzip", OBEYED),
        ("breaks", lacking("connection_lost")),
        ("half", lacking("truncated_body")),
        ("short-lived", Meaning(state="usable", private=False, hours=1)),
        ("cached-for-hours", Meaning(state="usable", private=False, hours=7)),
    ],
)
async def test_answer_has_its_meaning(
    fetcher: HttpFetcher, hostile_site: HostileSite, name: str | None, expected: Meaning
) -> None:
    hostile_site.robots = name
    hostile_site.serve("/moved-robots.txt", RULES)
    hostile_site.serve("/ok", RULES)  # where hops end

    assert await meaning_of(held(hostile_site.origin), fetcher) == expected


async def test_server_that_says_nothing_is_unreachable(guard: EgressGuard, hostile_site: HostileSite) -> None:
    hostile_site.robots = "hangs"

    async with HttpFetcher(guard, limits=HURRY) as fetcher:
        assert await meaning_of(held(hostile_site.origin), fetcher) == lacking("timed_out")


async def test_certificate_that_nobody_vouches_for_is_unreachable(
    fetcher: HttpFetcher, hostile_tls_site: HostileSite
) -> None:
    assert await meaning_of(held(hostile_tls_site.origin), fetcher) == lacking("tls_failed")
    assert hostile_tls_site.requests == []


async def test_closed_port_is_unreachable(fetcher: HttpFetcher, hostile_site: HostileSite) -> None:
    hostile_site.stop()

    assert await meaning_of(held(hostile_site.origin), fetcher) == lacking("connect_failed")


async def test_of_a_file_of_two_mebibytes_one_is_kept(
    fetcher: HttpFetcher, hostile_site: HostileSite
) -> None:
    hostile_site.robots = "huge"
    outcome = await fetcher.fetch(Request(url=hostile_site.url("/robots.txt"), keep_bytes=READ_BYTES))

    assert isinstance(outcome, Fetched)
    assert (len(outcome.body), outcome.truncated) == (READ_BYTES, True)
    assert len(ROBOTS["huge"][1]) > 2_097_152


async def test_file_is_asked_for_with_our_name_and_nothing_else_of_the_run(
    fetcher: HttpFetcher, hostile_site: HostileSite
) -> None:
    hostile_site.robots = "redirects"
    hostile_site.serve("/moved-robots.txt", RULES)

    await meaning_of(held(hostile_site.origin), fetcher)

    assert [request.path for request in hostile_site.requests] == ["/robots.txt", "/moved-robots.txt"]
    for request in hostile_site.requests:
        assert request.header("User-Agent") == "Trawl/test"
        assert request.header("Cookie") is None
        assert request.header("Authorization") is None
