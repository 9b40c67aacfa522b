"""Puts the parts of one slice together and runs it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from crawler import conf
from crawler.engine import steady
from crawler.engine.engine import Crew, Engine, Limits, Tally
from crawler.engine.errands import Means
from crawler.engine.lister import Lister
from crawler.engine.login import LogIn
from crawler.engine.preview import Preview
from crawler.engine.session import SessionNews
from crawler.engine.visit import Visitor
from crawler.fetch.choosing import ChoosingFetcher
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.fetch.http2 import Http2Fetcher
from crawler.fetch.tls import HTTP2, trust
from crawler.policy.addresses import AddressPolicy, parse_allow
from crawler.runner.holding import HeldSlice
from crawler.runner.rules import (
    NO_SECRETS,
    RuleBook,
    complete_apart,
    read_apart,
    rules_from,
    rules_of,
    suggest_apart,
    text_of,
)
from crawler.stores import cookies
from crawler.stores.frontier import DatabaseFrontier
from crawler.stores.looks import Looker
from crawler.stores.named import NamedDatabaseHosts
from crawler.stores.results import Committer
from scrapers.suggesting import Suggestions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping

    from crawler.conf import CrawlSettings
    from crawler.engine.findings import Finding
    from crawler.engine.login import LoginOutcome
    from crawler.engine.ports import Lease
    from crawler.engine.work import RunRules
    from crawler.http import Fetched
    from crawler.models import Run
    from crawler.policy.cookies import Cookie
    from crawler.queue import Lane
    from scrapers.page import Problem

T = TypeVar("T")
ENDLESS = Limits(budget=timedelta(days=3650), linger=timedelta(days=3650))


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceJob:
    """What one slice is to do: its lane, or the one run that the terminal crawls until it is told to stop."""

    lane: Lane | None = None
    run: int | None = None


def fetcher(settings: CrawlSettings, *, lease: Lease) -> ChoosingFetcher:
    """Return a client that goes through the egress guard, and sends nothing once the lease is not safe."""
    guard = EgressGuard(AddressPolicy(allow=parse_allow(settings.egress_allow)))

    def may_send() -> bool:
        return lease.is_safe

    def http2() -> Http2Fetcher:
        return Http2Fetcher(
            guard,
            user_agent=settings.user_agent,
            may_send=may_send,
            tls=trust(settings.tls_ca_file, alpn=HTTP2),
        )

    http1 = HttpFetcher(
        guard, user_agent=settings.user_agent, may_send=may_send, tls=trust(settings.tls_ca_file)
    )
    return ChoosingFetcher(http1, http2)


def crawl(
    job: SliceJob,
    *,
    cannot_read: Callable[[Run, str], None],
    stopping: Callable[[], bool] = lambda: False,
    watch: Callable[[Engine], None] = lambda _engine: None,
    limits: Limits | None = None,
) -> Tally:
    """Run one slice to its end in this thread and return what it did.

    Whatever ends it, what it held is given back; `cannot_read` is told of runs whose rules cannot
    be made, and `watch` is given the engine before it starts. Without `limits` a worker's slice
    lasts as long as the settings say, the terminal's until `stopping`.
    """
    settings = conf.crawl()
    with steady.collecting_seldom(), HeldSlice(job.lane or "terminal", settings, run=job.run) as held:
        looker = Looker(
            owner=held.owner,
            floor=job.lane.floor if job.lane else 0,
            rules=RuleBook(settings, cannot_read=cannot_read),
            clock=held.clock,
            run=job.run,
        )
        committer = Committer(owner=held.owner, clock=held.clock)
        limits = limits or (Limits(budget=settings.slice_time) if job.run is None else ENDLESS)
        return _run(_crawl(_Parts(settings, held, looker, committer, limits, stopping, watch)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginResult:
    """How a login went, and the cookies that the run has since."""

    outcome: LoginOutcome
    cookies: tuple[Cookie, ...] = ()


def log_in(run: Run, *, again: bool, once_more: bool) -> LoginResult:
    """Log a run in, in this thread, and store nothing but ledgers; raises one of UNREADABLE."""
    settings = conf.crawl()
    rules = rules_of(run, settings)
    session = rules.session
    with HeldSlice("login", settings) as held:
        if session is not None:
            session.learn(SessionNews(cookies=cookies.changed(run.pk, since=None)), now=held.clock.now())
        outcome = _run(_log_in(held, rules, settings, again=again, once_more=once_more))
    return LoginResult(outcome=outcome, cookies=session.cookies if session is not None else ())


def preview(
    frozen: Mapping[str, Any],
    *,
    headers: Mapping[str, str],
    secrets: Mapping[str, Any] = NO_SECRETS,
    suggest: bool = False,
    behind: bool = False,
    keep: Callable[[Fetched], None] | None = None,
) -> Finding:
    """Fetch and read the first start URL of settings that are not saved yet, in this thread.

    It leases the hosts it asks as a slice does; nothing but their ledgers is stored. With `suggest` it
    also tells what may be scraped there, with `behind` on the page of the first record, too; `keep` is told
    the page that this is about.
    """
    settings = conf.crawl()
    rules = rules_from(frozen, headers=headers, secrets=secrets, settings=settings)
    rules = read_apart(rules, frozen)

    def found(page: Fetched) -> Suggestions | Problem:
        if keep is not None:
            keep(page)
        return suggest_apart(page)

    async def look(held: HeldSlice) -> Finding:
        async with _means(held, settings) as means:
            looking = Preview(
                rules=rules,
                means=means,
                suggest=found if suggest else None,
                complete=complete_apart if behind else None,
            )
            return await looking.run(frozen["start_urls"][0])

    with HeldSlice("preview", settings) as held:
        return _run(look(held))


def fetch(frozen: Mapping[str, Any]) -> tuple[Finding, Fetched | None]:
    """Do a test fetch in this thread; return what it found, and the answer where that was a page."""
    settings = conf.crawl()
    rules = rules_from(frozen, headers={}, settings=settings)
    kept: list[Fetched] = []

    def keep(page: Fetched) -> Suggestions:
        kept.append(page)
        return Suggestions()

    async def look(held: HeldSlice) -> Finding:
        async with _means(held, settings) as means:
            return await Preview(rules=rules, means=means, suggest=keep).run(frozen["start_urls"][0])

    with HeldSlice("preview", settings) as held:
        finding = _run(look(held))
    return finding, kept[0] if kept else None


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: CrawlSettings
    held: HeldSlice
    looker: Looker
    committer: Committer
    limits: Limits
    stopping: Callable[[], bool]
    watch: Callable[[Engine], None]


async def _crawl(parts: _Parts) -> Tally:
    settings = parts.settings
    async with (
        DatabaseFrontier(
            looker=parts.looker,
            committer=parts.committer,
            lease=parts.held.keeper,
            patience=settings.send_time,
        ) as frontier,
        fetcher(settings, lease=parts.held.keeper) as client,
    ):
        reader, clock = parts.held.reader, parts.held.clock
        visitor = Visitor(
            fetcher=client,
            frontier=frontier,
            reader=reader,
            clock=clock,
            patience=settings.host_unavailable,
        )
        crew = Crew(
            frontier=frontier,
            fetcher=client,
            visitor=visitor,
            lister=Lister(visitor=visitor, reader=reader, clock=clock),
            lease=parts.held.keeper,
            clock=clock,
        )
        engine = Engine(crew, limits=parts.limits, stopping=parts.stopping)
        parts.watch(engine)
        return await engine.run()


async def _log_in(
    held: HeldSlice, rules: RunRules, settings: CrawlSettings, *, again: bool, once_more: bool
) -> LoginOutcome:
    async with _means(held, settings) as means:
        return await LogIn(rules=rules, means=means).run(again=again, once_more=once_more)


@asynccontextmanager
async def _means(held: HeldSlice, settings: CrawlSettings) -> AsyncIterator[Means]:
    async with (
        NamedDatabaseHosts(owner=held.owner, clock=held.clock) as hosts,
        fetcher(settings, lease=held.keeper) as client,
    ):
        yield Means(
            hosts=hosts,
            fetcher=client,
            reader=held.reader,
            lease=held.keeper,
            clock=held.clock,
            text=text_of,
        )


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run the loop on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
