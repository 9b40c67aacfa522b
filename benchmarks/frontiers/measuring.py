"""What a slice pays the database for each request of a run, in batches as an engine's, without fetching."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

from benchmarks.frontiers import filling
from crawler import conf
from crawler.engine import steady
from crawler.engine.ports import Ask, HostAsk
from crawler.engine.work import Batch, NewRequest, Visited
from crawler.queue import Lane
from crawler.runner import RuleBook
from crawler.stores import leases, sql
from crawler.stores.discovery import INSERT
from crawler.stores.looks import Looker
from crawler.stores.results import Committer
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.frontiers.filling import Filled
    from crawler.engine.ports import Clock
    from crawler.engine.work import Claim
    from crawler.models import Run

BATCH = 200
WARM_UP = 5
NEW_LINKS, KNOWN_LINKS = 2, 8
MIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Microseconds a request: over all batches, and of the median batch."""

    mean: float
    median: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """MiB of this process: its own, and with what it shares and has mapped."""

    own: float
    resident: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a run of `requests` costs for each: to look and claim, to commit with links, to insert bare."""

    requests: int
    look: Cost
    commit: Cost
    insert: Cost
    memory: Memory


@dataclass(slots=True)
class _Watch:
    """Adds up what the batches of one kind of work took; the first few only warm up."""

    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def timing(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds.append(time.perf_counter() - began)

    def cost(self, each: int) -> Cost:
        counted = self.seconds[WARM_UP:]
        return Cost(mean=1e6 * fmean(counted) / each, median=1e6 * median(counted) / each)


def measure(filled: Filled, *, batches: int, clock: Clock) -> Size:
    """Measure a run at its size; what is measured stays in it."""
    requests = filled.count
    with steady.collecting_seldom(), _slice(clock) as hands:
        visits = hands.settle_what_came_with_the_leases()
        look, commit = _Watch(), _Watch()
        links = _Links(filled)
        for _ in range(batches + WARM_UP):
            with look.timing():
                claims = hands.claim(BATCH)
            batch = Batch(results=tuple(links.visit(claim) for claim in claims))
            with commit.timing():
                hands.commit(batch)
            visits += len(claims)
        filled.add_to_counters(pages=visits)  # their pages were left out
        insert = _insert(filled, links, batches=batches)
    return Size(
        requests=requests,
        look=look.cost(BATCH),
        commit=commit.cost(BATCH),
        insert=insert.cost(BATCH),
        memory=memory(),
    )


class _Hands:
    """One slice that holds all hosts, without an engine."""

    def __init__(self, owner: str, clock: Clock) -> None:
        rules = RuleBook(conf.crawl(), cannot_read=_cannot_read)
        self._looker = Looker(owner=owner, floor=Lane.DEFAULT.floor, rules=rules, clock=clock)
        self._committer = Committer(owner=owner, clock=clock)
        found = self._looker.look(Ask())
        self._held = found.leased
        self._first = found.claims
        self.commit = self._committer.commit

    def settle_what_came_with_the_leases(self) -> int:
        results = tuple(Visited(claim=claim, status=200, wire_bytes=0) for claim in self._first)
        self.commit(Batch(results=results))
        return len(results)

    def claim(self, most: int) -> tuple[Claim, ...]:
        """Claim as much of each host; raises where the run has less, as no figure would mean anything."""
        each = most // len(self._held)
        asks = tuple(HostAsk(id=host.id, epoch=host.epoch, want=each) for host in self._held)
        claims = self._looker.look(Ask(hosts=asks)).claims
        if len(claims) != most:
            raise SystemExit(f"{len(claims)} requests were claimed instead of {most}")
        return claims


@contextmanager
def _slice(clock: Clock) -> Iterator[_Hands]:
    owner = f"bench/1:1/{next(_numbers)}"
    leases.begin(owner=owner, lane=Lane.DEFAULT, node="bench", now=clock.now())
    try:
        yield _Hands(owner, clock)
    finally:
        leases.end(owner=owner, now=clock.now())


_numbers = count(1)


def _cannot_read(_run: Run, reason: str) -> None:
    raise SystemExit(f"the run's rules cannot be made: {reason}")


class _Links:
    """Makes the visits of pages that lead to some pages of the run, and to some that are new."""

    def __init__(self, filled: Filled) -> None:
        self._filled = filled
        self._chance = random.Random(filled.count)

    def visit(self, claim: Claim) -> Visited:
        known = (filling.url_of(self._chance.randrange(self._filled.count)) for _ in range(KNOWN_LINKS))
        urls = [*known, *(self.new_url() for _ in range(NEW_LINKS))]
        found = tuple(NewRequest(url=canonical(url), depth=claim.depth + 1) for url in urls)
        return Visited(claim=claim, status=200, wire_bytes=10_000, found=found)

    def new_url(self) -> str:
        number = next(_new)
        return f"{filling.origin(number % filling.HOSTS)}/new/{number // 1_000}/page-{number}.html"


_new = count()


def _insert(filled: Filled, links: _Links, *, batches: int) -> _Watch:
    """Insert rows by the stores' own statement and nothing else: what no frontier on it can go below."""
    watch = _Watch()
    for _ in range(batches + WARM_UP):
        rows = [_row(filled, links.new_url()) for _ in range(BATCH)]
        with watch.timing():
            sql.atomically(_inserting(rows))
        filled.add_to_counters(discovered=len(rows))
    return watch


def _inserting(rows: list[tuple[object, ...]]) -> Callable[[], int]:
    return lambda: INSERT.run(rows)


def _row(filled: Filled, text: str) -> tuple[object, ...]:
    url = canonical(text)
    host = filled.hosts[url.origin]
    return filled.run.pk, host, filled.backlogs[host], url.key, None, url.text, 4, 0, None, ""


def memory() -> Memory:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, resident = (int(lines[name].split()[0]) / MIB for name in ("RssAnon", "VmRSS"))
    return Memory(own=own, resident=resident)
