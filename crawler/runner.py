"""Builds an engine for one slice and runs it: the only place that knows all parts."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import re2
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseFailure

from crawler import conf
from crawler.engine.engine import Engine, Limits, Tally
from crawler.engine.preview import Means, Preview
from crawler.engine.reading import TimedReader
from crawler.engine.visit import Visitor
from crawler.engine.work import RunRules
from crawler.fetch.guard import EgressGuard
from crawler.fetch.http import HttpFetcher
from crawler.frontier.politeness import Pace
from crawler.frontier.scope import compile_scope
from crawler.models import Page as PageRow
from crawler.models import Run, RunTrigger
from crawler.policy import redirects
from crawler.policy.addresses import AddressPolicy, parse_allow
from crawler.stores import keeper as keepers
from crawler.stores import leases, processes
from crawler.stores.clock import DatabaseClock
from crawler.stores.frontier import DatabaseFrontier
from crawler.stores.keeper import LeaseKeeper
from crawler.stores.looks import Looker
from crawler.stores.named import NamedDatabaseHosts
from crawler.stores.results import Committer
from crawler.urls import canonical
from scrapers import reader, registry
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    from crawler.conf import CrawlSettings
    from crawler.engine.findings import Finding
    from crawler.engine.ports import Lease
    from crawler.http import Fetched
    from crawler.queue import Lane
    from scrapers.reader import Reading
    from scrapers.registry import Scraper

T = TypeVar("T")
TEXT_BYTES = 16_384
UNREADABLE = (registry.InvalidScraper, ImproperlyConfigured, ValueError, LookupError, TypeError, re2.error)
"""What reading the settings of a run may raise; InvalidScraper when its scraper is not there."""
ENDLESS = Limits(budget=timedelta(days=3650), linger=timedelta(days=3650))


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceJob:
    """What one slice is to do: its lane, or the one run that the terminal crawls until it is told to stop."""

    lane: Lane | None = None
    run: int | None = None


class RuleBook:
    """The rules of the runs a slice meets, each made once from the run's frozen settings.

    Settings of an earlier version, a scraper that is gone or a key that was lost cost that run its
    life and no other: `cannot_read` is told of it, with the reason.
    """

    def __init__(self, settings: CrawlSettings, *, cannot_read: Callable[[Run, str], None]) -> None:
        self._settings = settings
        self._cannot_read = cannot_read
        self._made: dict[int, RunRules | None] = {}
        self._rules: dict[tuple[int, str], RunRules | None] = {}
        self._unreadable: dict[int, str] = {}
        self._revisits: dict[int, bool] = {}

    def of(self, run: int, *, landings: str) -> RunRules | None:
        """Return a run's rules, its scope widened by `landings`; None when they cannot be made."""
        if (run, landings) not in self._rules:
            self._rules[run, landings] = self._with_landings(run, landings)
        return self._rules[run, landings]

    def report(self) -> None:
        """Tell of the runs whose rules could not be made, each once."""
        while self._unreadable:
            run, reason = next(iter(self._unreadable.items()))
            self._cannot_read(Run.objects.defer("headers").get(pk=run), reason)
            del self._unreadable[run]

    def _with_landings(self, run: int, landings: str) -> RunRules | None:
        if run not in self._made:
            self._made[run] = self._make(run)
        rules = self._made[run]
        if rules is None or not landings:
            return rules
        scope = rules.scope
        for url in orjson.loads(landings):
            scope = scope.joined(canonical(url))
        return replace(rules, scope=scope)

    def _make(self, run: int) -> RunRules | None:
        try:
            return rules_of(Run.objects.get(pk=run), self._settings)
        except UNREADABLE as error:
            self._unreadable[run] = f"its settings cannot be used: {error or type(error).__name__}"
            return None

    def revisits(self, target: int) -> bool:
        """Say whether the target has pages of earlier visits."""
        if target not in self._revisits:
            self._revisits[target] = PageRow.objects.filter(target_id=target).exists()
        return self._revisits[target]


def rules_of(run: Run, settings: CrawlSettings) -> RunRules:
    """Return a run's rules; raises one of UNREADABLE."""
    return rules_from(
        run.settings,
        headers=run.headers,
        settings=settings,
        run=run.pk,
        target=run.target_id,
        impatient=run.trigger == RunTrigger.TERMINAL,
    )


def rules_from(
    frozen: Mapping[str, Any],
    *,
    headers: Mapping[str, str],
    settings: CrawlSettings,
    run: int = 0,
    target: int = 0,
    impatient: bool = False,
) -> RunRules:
    """Return the rules that frozen settings describe; raises one of UNREADABLE."""
    scraper = registry.compile(
        name=frozen["scraper"], options=frozen["options"], row=frozen["row"], fields=frozen["fields"]
    )
    agent = ("User-Agent", frozen["user_agent"] or settings.user_agent)
    sent = (agent, *((name, value) for name, value in headers.items() if name.lower() != "user-agent"))
    delay = frozen["delay_seconds"]
    return RunRules(
        run=run,
        target=target,
        scope=compile_scope(
            kind=frozen["scope"],
            starts=frozen["start_urls"],
            include=frozen["include"],
            exclude=frozen["exclude"],
            max_depth=frozen["max_depth"],
        ),
        pace=Pace(
            delay_seconds=settings.default_delay.total_seconds() if delay is None else delay,
            connections=frozen["connections"] or 1,
        ),
        read=partial(read_page, scraper=scraper),
        headers=sent,
        plain_headers=redirects.headers_for(sent, origin="", next_origin="elsewhere"),
        home=frozenset(canonical(url).origin for url in frozen["start_urls"]),
        obey_robots=frozen["obey_robots"],
        key_fields=tuple(frozen["key"]),
        max_pages=frozen["max_pages"],
        impatient=impatient,
    )


def read_page(fetched: Fetched, *, scraper: Scraper) -> Reading:
    """Return what a scraper reads from a response."""
    return reader.read(_page(fetched, fetched.body), scraper)


def text_of(fetched: Fetched) -> str:
    """Return the beginning of a body as text; empty for what is none."""
    page = _page(fetched, fetched.body[:TEXT_BYTES])
    return page.text if page.is_text else ""


def _page(fetched: Fetched, body: bytes) -> Page:
    headers = {name.lower(): value for name, value in fetched.headers}
    return Page(url=fetched.url, body=body, status=fetched.status, headers=headers)


def fetcher(settings: CrawlSettings, *, lease: Lease) -> HttpFetcher:
    """Return a client that goes through the egress guard, and sends nothing once the lease is not safe."""
    policy = AddressPolicy(allow=parse_allow(settings.egress_allow))
    return HttpFetcher(EgressGuard(policy), user_agent=settings.user_agent, may_send=lambda: lease.is_safe)


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
    with _slice(job.lane or "terminal", settings, run=job.run) as held:
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


def preview(frozen: Mapping[str, Any], *, headers: Mapping[str, str]) -> Finding:
    """Fetch and read the first start URL of settings that are not saved yet, in this thread.

    It leases the hosts it asks as a slice does; nothing but their ledgers is stored.
    """
    settings = conf.crawl()
    rules = rules_from(frozen, headers=headers, settings=settings)
    with _slice("preview", settings) as held:
        return _run(_preview(held, rules, settings, start=frozen["start_urls"][0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """A slice's row in the database while it is kept alive, and the reader that is watched with it."""

    owner: str
    clock: DatabaseClock
    keeper: LeaseKeeper
    reader: TimedReader


@contextmanager
def _slice(lane: Lane | str, settings: CrawlSettings, *, run: int | None = None) -> Iterator[_Slice]:
    """Announce a slice and keep its leases; afterwards whatever it still holds goes back."""
    clock = DatabaseClock()
    owner = processes.new_owner()
    leases.begin(owner=owner, lane=lane, node=processes.node(), now=clock.now(), run=run)
    lost = False
    try:
        with (
            TimedReader() as timed,
            LeaseKeeper(
                owner=owner,
                clock=clock,
                every=settings.renew_every,
                send_time=settings.send_time,
                lease_time=settings.lease_time,
                reader=timed,
            ) as keeper,
        ):
            yield _Slice(owner=owner, clock=clock, keeper=keeper, reader=timed)
    except Exception as error:
        of_database = _of_database(error)
        if of_database is not None:
            raise of_database from of_database.__cause__
        lost = True  # a page that ends slices is one that ends processes
        raise
    finally:
        keepers.leave(owner, clock=clock, lost=lost)


def _of_database(error: Exception) -> DatabaseFailure | None:
    """Return the database's error that ended a slice, and nothing else did; None for every other error."""
    if isinstance(error, ExceptionGroup):
        ours, others = error.split(DatabaseFailure)
        return _of_database(ours.exceptions[0]) if ours is not None and others is None else None
    return error if isinstance(error, DatabaseFailure) else None


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: CrawlSettings
    held: _Slice
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
        engine = Engine(
            frontier=frontier,
            fetcher=client,
            visitor=Visitor(
                fetcher=client,
                frontier=frontier,
                reader=parts.held.reader,
                clock=parts.held.clock,
                patience=settings.host_unavailable,
            ),
            lease=parts.held.keeper,
            clock=parts.held.clock,
            limits=parts.limits,
            stopping=parts.stopping,
        )
        parts.watch(engine)
        return await engine.run()


async def _preview(held: _Slice, rules: RunRules, settings: CrawlSettings, *, start: str) -> Finding:
    async with (
        NamedDatabaseHosts(owner=held.owner, clock=held.clock) as hosts,
        fetcher(settings, lease=held.keeper) as client,
    ):
        means = Means(
            hosts=hosts,
            fetcher=client,
            reader=held.reader,
            lease=held.keeper,
            clock=held.clock,
            text=text_of,
        )
        return await Preview(rules=rules, means=means).run(start)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run the loop on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
