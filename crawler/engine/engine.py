"""The loop of one slice: look, serve, commit, until nothing is due or the time is up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.engine import listings, robots
from crawler.engine.held import HeldHost
from crawler.engine.neighbours import Neighbours
from crawler.engine.ports import Ask
from crawler.engine.visit import UNAVAILABLE
from crawler.engine.work import Batch, Ended, Ending, Kind, Listed, Postponed, Returned, Visited
from crawler.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crawler.engine.lister import Lister
    from crawler.engine.ports import Clock, Fetcher, Frontier, Lease, Look
    from crawler.engine.visit import Visitor
    from crawler.engine.work import Claim, Result

SHORTEST_TURN_SECONDS = 0.01
LONGEST_NAP_SECONDS = 0.5
LINK_BYTES = 600
PAGE_LIMIT = "page_limit"
BEGINNING_SHARE = 1 / 6
ENDING_SECONDS = 5.0
LATE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a slice lasts and how much it keeps in memory.

    `overtime` is how long it goes on at most while it waits for answers anyway. More may be in flight
    than the hosts that a slice may hold: hundreds that never answer must not keep the others from
    being asked.
    """

    budget: timedelta = timedelta(seconds=30)
    overtime: timedelta = timedelta(seconds=30)
    look_every: timedelta = timedelta(milliseconds=250)
    linger: timedelta = timedelta(seconds=2)
    commit_at: int = 200
    most_unsettled: int = 1_000
    most_unsettled_bytes: int = 48 << 20
    most_in_flight: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Whom an engine works with: its ports, and who visits pages and sitemaps for it."""

    frontier: Frontier
    fetcher: Fetcher
    visitor: Visitor
    lister: Lister
    lease: Lease
    clock: Clock


@dataclass(slots=True)
class Tally:
    """What a slice has done so far."""

    visited: int = 0
    ended: int = 0
    postponed: int = 0
    bytes: int = 0


class Engine:
    """Drives one slice until nothing is due or its time is up.

    A request is in exactly one place at any moment: waiting in the frontier, leased here, or
    settled. Settling is the last thing that happens to it, so a slice that is killed half way
    repeats work but never loses it.

    The engine owns the loop and nothing else: order and politeness belong to the frontier,
    verdicts to the policy, bytes to the fetcher, meaning to the reader, rows to the store.
    """

    def __init__(self, crew: Crew, *, limits: Limits, stopping: Callable[[], bool] = lambda: False) -> None:
        self._frontier = crew.frontier
        self._fetcher = crew.fetcher
        self._visitor = crew.visitor
        self._lister = crew.lister
        self._lease = crew.lease
        self._clock = crew.clock
        self._limits = limits
        self._stopping = stopping
        self._hosts: dict[int, HeldHost] = {}
        self._results: list[Result] = []
        self._unsettled_bytes = 0
        self._in_flight = 0
        self._alone = False
        self._overtime = False
        self._awaited = frozenset[int]()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._others = Neighbours(
            named=crew.frontier,
            fetcher=crew.fetcher,
            clock=crew.clock,
            held=self._hosts,
            gives_up=self._must_let_go_of,
        )
        self.tally = Tally()

    async def run(self) -> Tally:
        """Crawl, and return what was done once every host is given back."""
        self._time_up_at = self._clock.monotonic() + self._limits.budget.total_seconds()
        self._ends_at = self._time_up_at
        self._began_at = self._idle_since = self._looked_at = self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            while not self._is_over():
                await self._turn(group)
                await self._sleep()
        return self.tally

    def _is_over(self) -> bool:
        if self._hosts or self._results:
            return False
        idle = self._clock.monotonic() - self._idle_since
        return self._is_draining() or idle >= self._limits.linger.total_seconds()

    def _is_draining(self) -> bool:
        return self._remaining() <= 0 or self._stopping() or not self._lease.is_safe

    def _work_overtime(self) -> None:
        """Go on when the time is up but some hosts have not answered, until they have.

        The slice would wait for them anyway, and everybody else with it. Only others that answer are
        asked then, so that it waits for nobody else. It is known before the time is up, as hosts whose
        next turn comes later are let go.
        """
        now, hosts = self._clock.monotonic(), self._hosts.values()
        if self._overtime:
            if not any(host.in_flight for host in hosts if host.id in self._awaited):
                self._ends_at = min(self._ends_at, now)
        elif now >= self._time_up_at - ENDING_SECONDS:
            self._awaited = frozenset(host.id for host in hosts if host.is_awaited(LATE_SECONDS))
            self._overtime = now >= self._time_up_at
            goes_on = 0 < len(self._awaited) < len(hosts)
            self._ends_at = self._time_up_at + (self._limits.overtime.total_seconds() if goes_on else 0.0)

    def _must_let_go_of(self, host: HeldHost) -> bool:
        return host.leaving or host.lost or self._is_draining()

    def _remaining(self) -> float:
        return self._ends_at - self._clock.monotonic()

    async def _sleep(self) -> None:
        """Wait for the next look, or for a reason to look at once."""
        try:
            async with asyncio.timeout(self._limits.look_every.total_seconds()):
                await self._wake.wait()
                await asyncio.sleep(SHORTEST_TURN_SECONDS)
        except TimeoutError:
            pass
        self._wake.clear()

    async def _turn(self, group: asyncio.TaskGroup) -> None:
        """Commit what is finished, then see what is due, and put it to work."""
        await self._commit()
        self._work_overtime()
        draining = self._is_draining()
        if draining:
            for host in self._hosts.values():
                host.leaving = True
        elif self._alone:
            await self._turn_alone()
        else:
            self._apply(await self._frontier.look(self._ask()))
        self._let_go()
        for host in self._hosts.values():
            self._serve(host, group)
        if self._hosts:
            self._idle_since = self._clock.monotonic()

    async def _commit(self) -> None:
        """Write the results so far; hosts that are done with go back in the same transaction."""
        leaving = [host for host in self._hosts.values() if host.leaving and host.is_quiet]
        for host in leaving:
            self._give_back(host, host.hand.take_all())
        results, self._results = _portion(self._results)
        if self._results:
            waiting = {result.claim.host for result in self._results}
            leaving = [host for host in leaving if host.id not in waiting]
            self._wake.set()
        concerned = {host.id: host for host in leaving} | {h.id: h for h in self._hosts.values() if h.dirty}
        kept = [host for host in concerned.values() if not host.lost]
        if leaving:
            await self._fetcher.leave([host.origin for host in leaving])
        if results or kept:
            news = tuple(host.news() for host in kept)
            released = tuple(host.id for host in leaving if not host.lost)
            await self._frontier.commit(Batch(results=tuple(results), news=news, released=released))
        self._settled(results)
        for host in leaving:
            del self._hosts[host.id]

    def _settled(self, results: list[Result]) -> None:
        for result in results:
            host = self._hosts.get(result.claim.host)
            if host is not None:
                host.unsettled -= 1
            self._unsettled_bytes -= _weight(result)
        self._room.set()

    def _ask(self) -> Ask:
        now = self._clock.monotonic()
        elapsed, self._looked_at = now - self._looked_at, now
        budget = self._remaining()
        return Ask(
            hosts=tuple(
                host.ask(budget_seconds=budget, elapsed_seconds=elapsed)
                for host in self._hosts.values()
                if not host.lost
            ),
            lease=not self._overtime,
        )

    def _apply(self, look: Look) -> None:
        for lease in look.leased:
            self._hosts[lease.id] = HeldHost(lease, self._clock)
        for session, news in look.sessions:
            session.learn(news, now=self._clock.now())
        due, paces = dict(look.due), dict(look.paces)
        for host in self._hosts.values():
            host.due_at = due.get(host.id)
            host.heed(paces.get(host.id))
            host.lost = host.lost or host.id in look.lost
            host.leaving = host.leaving or host.lost or host.id in look.wanted
        for host_id, backlog, kept in look.shapes:
            self._hosts[host_id].trapped.recall(backlog, kept)
        if look.closed:
            for host in self._hosts.values():
                self._give_back(host, host.hand.take_all(look.closed))
        self._take(look.claims)
        self._alone = look.alone_waiting
        self._give_surplus(look.surplus)

    def _take(self, claims: Iterable[Claim]) -> None:
        by_host: dict[int, list[Claim]] = {}
        for claim in claims:
            by_host.setdefault(claim.host, []).append(claim)
        for host, taken in by_host.items():
            self._hosts[host].add(taken)

    def _give_surplus(self, count: int) -> None:
        """Let go of the hosts with the least in hand, when another slice should have them.

        Those that are leaving already are among the `count` too many.
        """
        staying = [host for host in self._hosts.values() if not host.leaving]
        count -= len(self._hosts) - len(staying)
        for host in sorted(staying, key=lambda host: len(host.hand) + host.in_flight)[: max(count, 0)]:
            host.leaving = True

    def _let_go(self) -> None:
        """Mark the hosts that have nothing for this slice in the time it has left."""
        for host in self._hosts.values():
            if host.is_idle and not host.leaving:
                wait = self._seconds_until_due(host)
                host.leaving = wait is None or wait > self._remaining()
            elif host.hand and not host.in_flight and host.slot_in() > self._remaining():
                host.leaving = True
            if host.leaving and not host.servers:
                self._wake.set()

    def _seconds_until_due(self, host: HeldHost) -> float | None:
        if host.due_at is None:
            return None
        return max((host.due_at - self._clock.now()).total_seconds(), host.slot_in())

    async def _turn_alone(self) -> None:
        """Empty the hands, then take one request that was lost twice, and nothing else."""
        if self._results or any(host.servers for host in self._hosts.values()):
            return
        for host in self._hosts.values():
            self._give_back(host, host.hand.take_all())
        await self._commit()
        asked = tuple(
            host.ask(budget_seconds=self._remaining(), elapsed_seconds=0.0) for host in self._hosts.values()
        )
        look = await self._frontier.look(Ask(hosts=asked, lease=False, alone=True))
        for session, news in look.sessions:
            session.learn(news, now=self._clock.now())
        for claim in look.claims:
            self._take((claim,))
            await self._work_alone(self._hosts[claim.host])
            await self._commit()
        self._alone = False

    async def _work_alone(self, host: HeldHost) -> None:
        """Do what a server does for its claim; what cannot be sent in time goes back."""
        while host.hand and not self._is_draining() and host.slot_in() <= self._remaining():
            if (wait := host.slot_in()) > 0:
                await asyncio.sleep(min(wait, LONGEST_NAP_SECONDS))
                continue
            await self._work(host)
            if host.leaving:
                break
        self._give_back(host, host.hand.take_all())

    def _serve(self, host: HeldHost, group: asyncio.TaskGroup) -> None:
        """Have as many servers at work on a host as its pace allows and its claims need."""
        if self._alone or host.leaving or host.lost:
            return
        for _ in range(min(host.pace.connections, len(host.hand) + host.in_flight) - host.servers):
            host.servers += 1
            group.create_task(self._server(host))

    async def _server(self, host: HeldHost) -> None:
        try:
            while await self._slot(host):
                await self._work(host)
        finally:
            host.servers -= 1
            if host.leaving or not host.hand:
                self._wake.set()

    async def _slot(self, host: HeldHost) -> bool:
        """Wait until the host may be asked and there is room; False when there is nothing to ask."""
        while self._may_serve(host):
            if not self._room.is_set():
                await self._room.wait()
            elif self._frontier.is_stuck:
                await asyncio.sleep(LONGEST_NAP_SECONDS / 10)
            elif host.robots_busy or host.guests or self._in_flight >= self._limits.most_in_flight:
                await asyncio.sleep(0.01)
            elif (wait := host.slot_in()) > 0:
                await asyncio.sleep(min(wait, LONGEST_NAP_SECONDS))
            elif self._would_hold_up(host):
                await asyncio.sleep(LONGEST_NAP_SECONDS)
            else:
                return self._lease.is_safe
        return False

    def _would_hold_up(self, host: HeldHost) -> bool:
        """Say whether others would have to wait, beyond the slice's end, for a host that never answers.

        A slice ends when its last answer is there, and asks nobody meanwhile. Hosts that ran out of
        time when they were last asked are therefore asked at the beginning of one.
        """
        if self._overtime:
            return host.id in self._awaited or host.ledger.last_status in {"", TimedOut.code}
        if host.ledger.last_status != TimedOut.code or len(self._hosts) == 1:
            return False
        beginning = self._limits.budget.total_seconds() * BEGINNING_SHARE
        return self._clock.monotonic() - self._began_at > beginning

    def _may_serve(self, host: HeldHost) -> bool:
        return bool(host.hand) and not (host.leaving or host.lost or self._alone) and not self._is_draining()

    async def _work(self, host: HeldHost) -> None:
        """Do the next thing a host needs: its robots.txt, or its most urgent claim."""
        first = host.hand.first
        if first is None:
            return
        if not host.given_up and robots.is_needed(host, now=self._clock.now()):
            await self._fetch_robots(host, first)
            return
        claim = host.hand.pop()
        if (settled := _settled_unsent(host, claim)) is not None:
            self._put(host, settled)
            return
        slot = host.use_slot()
        host.in_flight += 1
        self._in_flight += 1
        try:
            if claim.kind is Kind.PAGE:
                result = await self._visitor.visit(host, claim)
                if isinstance(result, Visited) and result.again:
                    host.give_back(slot)
                self._put(host, result)
            else:
                await self._list(host, claim)
        finally:
            host.in_flight -= 1
            self._in_flight -= 1

    async def _list(self, host: HeldHost, claim: Claim) -> None:
        """Put the parts of a sitemap, no faster than they are committed."""
        async for part in self._lister.visit(host, claim):
            self._put(host, part)
            if not self._alone:  # where it is, nothing is committed before it is done
                await self._room.wait()

    async def _fetch_robots(self, host: HeldHost, claim: Claim) -> None:
        host.robots_busy = True
        try:
            await robots.refresh(
                host, fetcher=self._fetcher, others=self._others, clock=self._clock, claim=claim
            )
        finally:
            host.robots_busy = False

    def _give_back(self, host: HeldHost, claims: Iterable[Claim]) -> None:
        for claim in claims:
            self._put(host, Returned(claim=claim))

    def _put(self, host: HeldHost, result: Result) -> None:
        host.unsettled += 1
        self._results.append(result)
        self._unsettled_bytes += _weight(result)
        self._count(result)
        if (
            len(self._results) >= self._limits.most_unsettled
            or self._unsettled_bytes >= self._limits.most_unsettled_bytes
        ):
            self._room.clear()
        if len(self._results) >= self._limits.commit_at or not host.hand:
            self._wake.set()

    def _count(self, result: Result) -> None:
        match result:
            case Visited(wire_bytes=wire_bytes):
                self.tally.visited += 1
                self.tally.bytes += wire_bytes
            case Ended():
                self.tally.ended += 1
            case Listed(end=end):
                self.tally.visited += end is not None
                self.tally.bytes += end.wire_bytes if end else 0
            case Postponed():
                self.tally.postponed += 1
            case Returned():
                pass


def _settled_unsent(host: HeldHost, claim: Claim) -> Ended | Listed | None:
    """Return how a claim ends for which nothing is sent; None when it is to be asked for."""
    if host.given_up:
        return Ended(claim=claim, state=Ending.FAILED, reason=UNAVAILABLE, sent=False)
    was_asked = claim.attempts > 0 and claim.rules.resume is not None  # then it may be read as it is stored
    trapped = host.trapped.refusal(claim) if claim.kind is Kind.PAGE and not was_asked else None
    refusal = trapped or robots.refusal(host, claim.url, claim.rules)
    if refusal is not None:
        return Ended(claim=claim, state=Ending.SKIPPED, reason=refusal, sent=False)
    if claim.kind is Kind.PAGE:
        return None
    if claim.room is not None and claim.room.pages is not None and claim.room.pages <= 0:
        return Ended(claim=claim, state=Ending.SKIPPED, reason=PAGE_LIMIT, sent=False)
    return _named_before(host, claim)


def _named_before(host: HeldHost, claim: Claim) -> Listed | None:
    """Return which sitemaps a robots.txt names that the ledger has; None when it must be asked for."""
    if claim.kind is not Kind.ROBOTS or claim.via or not claim.rules.obey_robots:
        return None
    file = robots.rules_of(host)
    return listings.named(claim, file.sitemaps if file else (), status=None)


def _portion(results: list[Result]) -> tuple[list[Result], list[Result]]:
    """Return what to commit now and what next: a part of a sitemap, which has many links, goes alone."""
    for place, result in enumerate(results):
        if isinstance(result, Listed) and len(results) > 1:
            end = max(place, 1)
            return results[:end], results[end:]
    return results, []


def _weight(result: Result) -> int:
    """Return roughly how many bytes of memory a result holds until it is committed."""
    match result:
        case Visited(page=page, items=items, found=found, outside=outside, carried=carried):
            body = len(page.body) if page is not None and page.body is not None else 0
            data = sum([len(item.data) for item in items]) + sum([len(record.data) for record in carried])
            return body + LINK_BYTES * (len(found) + len(outside)) + data
        case Listed(size=size):
            return size * LINK_BYTES
        case _:
            return 0
