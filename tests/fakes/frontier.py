"""A frontier in memory: the same promises as the database's, without rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from crawler.engine.ports import Ask, Look
from crawler.engine.work import (
    Batch,
    Claim,
    Ended,
    HostLease,
    HostNews,
    Kind,
    Ledger,
    Listed,
    Postponed,
    Result,
    Returned,
    RunRules,
    Visited,
)
from crawler.frontier import losses, politeness, share, turns
from crawler.frontier.turns import Turn, Waiting
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from crawler.engine.ports import HostAsk
    from crawler.frontier.politeness import Pace
    from crawler.http import Fetched
    from scrapers.links import Carried
    from tests.fakes.clock import FakeClock


@dataclass(slots=True)
class FakeHost:
    id: int
    origin: str
    owner: str = ""
    epoch: int = 0
    turns: int = 0
    wanted: bool = False
    ledger: Ledger = field(default_factory=Ledger)


@dataclass(slots=True)
class FakeBacklog:
    id: int
    run: int
    host: int
    priority: int
    open: bool = True
    turn: int = 0


@dataclass(slots=True)
class FakeRequest:
    id: int
    backlog: FakeBacklog
    url: str
    depth: int = 0
    state: str = "queued"
    reason: str = ""
    not_before: datetime | None = None
    attempts: int = 0
    losses: int = 0
    epoch: int = 0
    via: tuple[str, ...] = ()
    kind: Kind = Kind.PAGE


class FakeWorld:
    """What all slices share. `commits` are the batches as they came, `stale` counts the results dropped."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.hosts: dict[str, FakeHost] = {}
        self.backlogs: dict[tuple[int, int], FakeBacklog] = {}
        self.requests: dict[int, FakeRequest] = {}
        self._of_host: dict[int, list[FakeRequest]] = defaultdict(list)
        self.rules: dict[int, RunRules] = {}
        self.priorities: dict[int, int] = {}
        self.spare: dict[int, list[tuple[str, int, tuple[str, ...]]]] = defaultdict(list)
        self.bodies: dict[bytes, bytes] = {}
        self.carried: dict[int, list[tuple[int, Carried]]] = {}
        self.seen: dict[int, Fetched] = {}
        self.commits: list[Batch] = []
        self.stale = 0

    def add_run(self, rules: RunRules, *urls: str, priority: int = 5) -> None:
        self.rules[rules.run] = replace(rules, starts=rules.starts.union(urls))
        self.priorities[rules.run] = priority
        for url in urls:
            self.put(rules.run, url)

    def put(
        self, run: int, url: str, *, depth: int = 0, via: tuple[str, ...] = (), kind: Kind = Kind.PAGE
    ) -> None:
        """Queue a URL unless the run has it already; beyond the page limit a page waits for a place."""
        if any((r.url, r.kind, r.backlog.run) == (url, kind, run) for r in self.requests.values()):
            return
        if kind is Kind.PAGE and self._used(run) >= (self.rules[run].max_pages or float("inf")):
            self.spare[run].append((url, depth, via))
            return
        host = self.host(canonical(url).origin)
        place = (run, host.id)
        if place not in self.backlogs:
            self.backlogs[place] = FakeBacklog(
                len(self.backlogs) + 1, run, host.id, self.priorities[run], open=True
            )
        number = len(self.requests) + 1
        self.requests[number] = FakeRequest(number, self.backlogs[place], url, depth, via=via, kind=kind)
        self._of_host[host.id].append(self.requests[number])

    def _used(self, run: int) -> int:
        """Return how much of its page limit a run has used: what is skipped or elsewhere is no page."""
        mine = (request for request in self.requests.values() if request.backlog.run == run)
        pages = (request for request in mine if request.kind is Kind.PAGE)
        return sum(r.state != "skipped" and r.reason != "redirected" for r in pages)

    def fill_up(self, run: int) -> None:
        """Let links that wait for a place have those that were given back."""
        waiting, self.spare[run] = self.spare[run], []
        for url, depth, via in waiting:
            self.put(run, url, depth=depth, via=via)

    def host(self, origin: str) -> FakeHost:
        return self.hosts.setdefault(origin, FakeHost(len(self.hosts) + 1, origin))

    def state_of(self, url: str) -> str:
        return next(request.state for request in self.requests.values() if request.url == url)

    def set_open(self, run: int, *, is_open: bool) -> None:
        for backlog in self.backlogs.values():
            if backlog.run == run:
                backlog.open = is_open

    def free(self, owner: str, *, lost: bool) -> None:
        """Take back what a slice holds."""
        for host in self.hosts.values():
            if host.owner == owner:
                for request in self.requests.values():
                    if request.backlog.host == host.id and request.state == "leased":
                        request.losses += lost
                        request.state = "dead" if losses.is_dead(request.losses) else "queued"
                host.owner = ""
                host.epoch += 1

    def waiting(self, host: FakeHost) -> dict[int, tuple[FakeBacklog, list[FakeRequest]]]:
        """Return the queued requests of the host's open backlogs, by backlog."""
        found: dict[int, tuple[FakeBacklog, list[FakeRequest]]] = {}
        for request in self._of_host[host.id]:
            backlog = request.backlog
            if backlog.open and request.state == "queued":
                found.setdefault(backlog.id, (backlog, []))[1].append(request)
        return found

    def due_at(self, request: FakeRequest) -> datetime:
        return request.not_before or self.clock.now()

    def is_due(self, request: FakeRequest) -> bool:
        return self.due_at(request) <= self.clock.now()


class FakeFrontier:
    """One slice's view of a world."""

    def __init__(
        self, world: FakeWorld, owner: str = "one", *, floor: int = 0, most_hosts: int = 500
    ) -> None:
        self.world = world
        self.owner = owner
        self.looks: list[Ask] = []
        self.links_known: dict[int, set[bytes]] = {}
        self.is_stuck = False
        self._floor = floor
        self._most_hosts = most_hosts

    def known(self, run: int) -> AbstractSet[bytes]:
        return self.links_known.get(run, set())

    async def look(self, ask: Ask) -> Look:
        self.looks.append(ask)
        held = {host.id: host for host in self.world.hosts.values() if host.owner == self.owner}
        asked = {host.id: host for host in ask.hosts}
        lost = {host.id for host in ask.hosts if host.id not in held or held[host.id].epoch != host.epoch}
        leased = self._lease(self._most_hosts - len(held)) if ask.lease else []
        claims: list[Claim] = []
        alone_waiting = False
        for host in [*held.values(), *leased]:
            if host.id in asked and host.id not in lost and not host.wanted:
                plan = self._plan(host, asked[host.id].want, asked[host.id].least_in_hand)
            elif host in leased:
                plan = self._plan(host, self._first_batch(host), None)
            else:
                continue
            if ask.alone:
                claims += [] if claims else self._alone(host)
                continue
            taken = self._claim(host, plan)
            claims += taken
            alone_waiting = alone_waiting or (bool(plan) and self._has_alone(host))
        return Look(
            leased=tuple(HostLease(id=h.id, origin=h.origin, epoch=h.epoch, ledger=h.ledger) for h in leased),
            claims=tuple(claims),
            closed=self._closed(ask.hosts),
            wanted=frozenset(host.id for host in held.values() if host.wanted),
            lost=frozenset(lost),
            due=tuple(self._due([*held.values(), *leased])),
            paces=tuple((h.id, self._pace(h)) for h in [*held.values(), *leased] if self.world.waiting(h)),
            surplus=max(len(held) - self._most_hosts, 0),
            alone_waiting=alone_waiting,
        )

    async def commit(self, batch: Batch) -> None:
        self.world.commits.append(batch)
        hosts = {host.id: host for host in self.world.hosts.values()}
        for result in batch.results:
            self._settle(result, hosts[result.claim.host])
        for news in batch.news:
            host = hosts[news.id]
            if (host.owner, host.epoch) == (self.owner, news.epoch):
                host.ledger = news.ledger
        for id_ in batch.released:
            if hosts[id_].owner == self.owner:
                hosts[id_].owner = ""
                hosts[id_].epoch += 1

    async def lease(self, origin: str) -> HostLease | None:
        host = self.world.host(origin)
        if host.owner:
            host.wanted = host.wanted or host.owner != self.owner
            return None
        host.owner, host.wanted = self.owner, False
        host.epoch += 1
        return HostLease(id=host.id, origin=host.origin, epoch=host.epoch, ledger=host.ledger)

    async def give_back(self, news: HostNews) -> None:
        host = next(host for host in self.world.hosts.values() if host.id == news.id)
        if (host.owner, host.epoch) == (self.owner, news.epoch):
            host.ledger, host.owner = news.ledger, ""
            host.epoch += 1

    async def load_body(self, body_hash: bytes) -> bytes | None:
        return self.world.bodies.get(body_hash)

    async def carried_to(self, claim: Claim) -> tuple[tuple[int, Carried], ...]:
        return tuple(self.world.carried.get(claim.id, ()))

    async def seen_by_run(self, claim: Claim) -> Fetched | None:
        return self.world.seen.get(claim.id)

    def _served(self, host: FakeHost) -> dict[int, tuple[FakeBacklog, list[FakeRequest]]]:
        found = self.world.waiting(host)
        own = {id_: entry for id_, entry in found.items() if entry[0].priority >= self._floor}
        has_due = any(self.world.is_due(r) for _backlog, requests in own.values() for r in requests)
        return found if has_due else own

    def _lease(self, room: int) -> list[FakeHost]:
        now = self.world.clock.now()
        due: list[tuple[int, FakeHost]] = []
        for host in self.world.hosts.values():
            free = not host.owner and not host.wanted and (host.ledger.next_at or now) <= now
            ready = [
                backlog.priority
                for backlog, requests in self.world.waiting(host).values()
                if any(self.world.is_due(request) for request in requests)
            ]
            if free and ready and max(ready) >= self._floor:
                due.append((-max(ready), host))
        taken = [host for _priority, host in sorted(due, key=lambda entry: entry[0])[: max(room, 0)]]
        for host in taken:
            host.owner = self.owner
            host.epoch += 1
        return taken

    def _first_batch(self, host: FakeHost) -> int:
        pace = self._pace(host)
        return share.batch(
            delay_seconds=pace.delay_seconds,
            connections=pace.connections,
            rate=0.0,
            budget_seconds=share.LOOK_AHEAD_SECONDS,
        )

    def _pace(self, host: FakeHost) -> Pace:
        runs = [backlog.run for backlog, _requests in self.world.waiting(host).values()]
        return politeness.combine([self.world.rules[run].pace for run in runs], crawl_delay_seconds=None)

    def _plan(self, host: FakeHost, want: int, least_in_hand: int | None) -> tuple[Turn, ...]:
        waiting = [
            Waiting(backlog=backlog.id, priority=backlog.priority, turn=backlog.turn)
            for backlog, requests in self._served(host).values()
            if any(self.world.is_due(request) for request in requests)
        ]
        if want <= 0 and least_in_hand is not None:
            return turns.on_top(waiting, turns=host.turns, least=least_in_hand)
        return turns.plan(waiting, turns=host.turns, count=want)

    def _claim(self, host: FakeHost, plan: tuple[Turn, ...]) -> list[Claim]:
        claims: list[Claim] = []
        served = self._served(host)
        for turn in plan:
            backlog, requests = served[turn.backlog]
            ready = [r for r in requests if self.world.is_due(r) and not losses.must_run_alone(r.losses)]
            claims += [self._lease_request(r, host, turn.priority) for r in ready[: turn.count]]
            backlog.turn = turn.turn
            host.turns = max(host.turns, turn.turn)
        return claims

    def _has_alone(self, host: FakeHost) -> bool:
        return any(self._alone_requests(host))

    def _alone(self, host: FakeHost) -> list[Claim]:
        return [self._lease_request(r, host, r.backlog.priority) for r in self._alone_requests(host)[:1]]

    def _alone_requests(self, host: FakeHost) -> list[FakeRequest]:
        return [
            request
            for _backlog, requests in self._served(host).values()
            for request in requests
            if losses.must_run_alone(request.losses) and self.world.is_due(request)
        ]

    def _lease_request(self, request: FakeRequest, host: FakeHost, priority: int) -> Claim:
        request.state, request.epoch, request.not_before = "leased", host.epoch, None
        return Claim(
            id=request.id,
            rules=self.world.rules[request.backlog.run],
            host=host.id,
            backlog=request.backlog.id,
            epoch=host.epoch,
            url=request.url,
            key=canonical(request.url).key,
            depth=request.depth,
            priority=priority,
            attempts=request.attempts,
            losses=request.losses,
            via=request.via,
            kind=request.kind,
        )

    def _closed(self, asked: tuple[HostAsk, ...]) -> frozenset[int]:
        closed = {backlog.id for backlog in self.world.backlogs.values() if not backlog.open}
        return frozenset(closed.intersection(*[{b for host in asked for b in host.backlogs}]))

    def _due(self, hosts: list[FakeHost]) -> list[tuple[int, datetime]]:
        times: dict[int, list[datetime]] = defaultdict(list)
        for host in hosts:
            for _backlog, requests in self._served(host).values():
                times[host.id] += [self.world.due_at(request) for request in requests]
        return [(host, min(moments)) for host, moments in times.items()]

    def _settle(self, result: Result, host: FakeHost) -> None:
        request = self.world.requests[result.claim.id]
        mine = (host.owner, host.epoch, request.epoch) == (self.owner, result.claim.epoch, result.claim.epoch)
        if not mine or request.state != "leased":
            self.world.stale += not isinstance(result, Returned)
            return
        match result:
            case Visited(found=found):
                request.state, request.attempts = "done", request.attempts + 1
                request.reason = "redirected" if result.redirected else ""
                self.world.fill_up(request.backlog.run)
                for link in found:
                    self.world.put(request.backlog.run, link.url.text, depth=link.depth, via=link.via)
            case Listed():
                self._list(result, request)
            case Ended(state=state, reason=reason, sent=sent):
                request.state, request.reason = state.name.lower(), reason
                request.attempts += sent
                self.world.fill_up(request.backlog.run)
            case Postponed(until=until, counts=counts):
                request.state, request.not_before = "queued", until
                request.attempts += counts
            case Returned():
                request.state = "queued"
            case never:
                assert_never(never)

    def _list(self, part: Listed, request: FakeRequest) -> None:
        """Take a part of a sitemap; only the last one ends its request."""
        run = request.backlog.run
        if part.end is not None:
            request.state = "done"
            request.attempts += part.end.status is not None
            request.reason = "redirected" if part.end.redirected else ""
        for link in (*part.found, *part.sitemaps):
            self.world.put(run, link.url.text, depth=link.depth, via=link.via, kind=link.kind)
