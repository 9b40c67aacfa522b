"""One look of a slice at the frontier: hosts leased, requests claimed, changes noticed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from crawler.engine.ports import Look
from crawler.engine.work import HostLease
from crawler.frontier import politeness, share
from crawler.models import BacklogKind
from crawler.queue import MOST_URGENT
from crawler.stores import claims, hosts, runs, sql
from crawler.stores.claims import Claimer, Wish

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from crawler.engine.ports import Ask, Clock
    from crawler.engine.work import Claim, RunRules
    from crawler.frontier.politeness import Pace
    from crawler.stores.claims import OpenBacklog

    Leased = Mapping[int, tuple[HostLease, int]]
    Waiting = Mapping[int, Sequence[OpenBacklog]]

WANTED_FOR = timedelta(seconds=15)
COUNT_EVERY_SECONDS = 0.5
MOST_COUNTED = 5_000


class Rules(Protocol):
    """The rules of the runs that a slice meets."""

    def of(self, run: int, *, landings: str) -> RunRules | None:
        """Return a run's rules, given where its start URLs led to; None when they cannot be made."""
        ...

    def revisits(self, target: int) -> bool:
        """Say whether the target has pages of earlier visits."""
        ...

    def report(self) -> None:
        """Fail the runs whose rules could not be made; called outside of any transaction."""
        ...


class Looker:
    """Looks at the frontier for one slice. `run` restricts it to one run, as the terminal's slice is.

    Locks the hosts it holds in the order of their ids, and others only where nobody holds them:
    so a look never waits for somebody who waits for it.
    """

    def __init__(self, *, owner: str, floor: int, rules: Rules, clock: Clock, run: int | None = None) -> None:
        self._owner = owner
        self._floor = floor
        self._rules = rules
        self._clock = clock
        self._run = run
        self._kind = BacklogKind.HTTP if run is None else BacklogKind.TERMINAL
        self._share = share.MOST_HOSTS
        self._counted_at = -COUNT_EVERY_SECONDS

    def look(self, ask: Ask) -> Look:
        """Return what is due for this slice now, in one transaction.

        The runs that the last look could not read are failed first: after the transaction, an error
        there would lose what was claimed.
        """
        self._rules.report()
        return sql.atomically(lambda: self._look(ask, now=self._clock.now()))

    def _look(self, ask: Ask, *, now: datetime) -> Look:
        held = {row[0]: row for row in sql.select(HELD + sql.for_update(), [self._owner])}
        lost = frozenset(host.id for host in ask.hosts if held.get(host.id, (0, 0))[1] != host.epoch)
        surplus = self._surplus(len(held), now=now) if ask.lease else 0
        leased = self._lease(-surplus, now=now) if ask.lease and surplus < 0 else {}
        found = claims.open_backlogs([*held, *leased], kind=self._kind.value, run=self._run)
        rules = self._rules_of({entry.run for entries in found.values() for entry in entries})
        readable = {id_: [e for e in entries if e.run in rules] for id_, entries in found.items()}
        waiting = {id_: self._served(entries, now=now) for id_, entries in readable.items()}
        wishes = [
            Wish(host=h.id, epoch=h.epoch, count=h.want, least_in_hand=h.least_in_hand, turns=held[h.id][3])
            for h in ask.hosts
            if h.id not in lost
        ]
        claimer = Claimer(rules=rules, now=now)
        if ask.alone:
            claimed = _claim_alone(claimer, wishes, waiting)
        else:
            wishes += _first_wishes(leased, waiting, rules)
            claimed = _claim(claimer, wishes, waiting, now=now)
        return Look(
            leased=tuple(lease for lease, _turns in leased.values()),
            claims=tuple(claims.with_validators(claimed, revisits=self._rules.revisits)),
            closed=_closed({backlog for host in ask.hosts for backlog in host.backlogs}),
            wanted=frozenset(id_ for id_, row in held.items() if row[2] is not None),
            lost=lost,
            due=tuple((id_, min(e.due_at for e in entries)) for id_, entries in waiting.items() if entries),
            paces=tuple((id_, _pace(entries, rules)) for id_, entries in readable.items() if entries),
            surplus=max(surplus, 0),
            alone_waiting=claimer.alone_waiting and not ask.alone,
        )

    def _rules_of(self, run_ids: set[int]) -> dict[int, RunRules]:
        """Return the rules of the runs whose rules can be made."""
        made = {id_: self._rules.of(id_, landings=said) for id_, said in runs.landings(run_ids).items()}
        return {run: rules for run, rules in made.items() if rules is not None}

    def _served(self, entries: Sequence[OpenBacklog], *, now: datetime) -> Sequence[OpenBacklog]:
        """Leave out what is not urgent enough for this slice, unless its host serves urgent work now.

        Where it does, the others have their turns with it.
        """
        own = [entry for entry in entries if entry.priority >= self._floor]
        return entries if any(entry.due_at <= now for entry in own) else own

    def _surplus(self, held: int, *, now: datetime) -> int:
        """Return how many hosts this slice holds beyond its share; negative when it may lease more."""
        if self._run is None and self._clock.monotonic() - self._counted_at >= COUNT_EVERY_SECONDS:
            self._counted_at = self._clock.monotonic()
            self._share = share.fair_share(hosts=due_hosts(self._floor, now=now), slices=live_slices())
        return held - self._share

    def _lease(self, room: int, *, now: datetime) -> dict[int, tuple[HostLease, int]]:
        """Lease up to `room` hosts, the most urgent first; return each with the turns it has dealt."""
        if self._run is not None:
            return _take(self._hosts_of_run(room, now=now), owner=self._owner)
        found: list[int] = []
        for priority in range(MOST_URGENT, self._floor - 1, -1):
            if len(found) < room:
                parameters = [priority, sql.adapt(now), sql.adapt(now - WANTED_FOR), room - len(found)]
                found += [row[0] for row in sql.select(FREE + sql.for_update(skip_locked=True), parameters)]
        return _take(found, owner=self._owner)

    def _hosts_of_run(self, room: int, *, now: datetime) -> list[int]:
        """Return free hosts of the terminal's run, and ask for those that others hold."""
        rows = sql.select(OF_RUN, [self._run, sql.adapt(now), self._owner, room])
        free: list[int] = []
        for chunk in sql.chunks([row[0] for row in rows]):
            lock = LOCK.format(sql.marks(chunk)) + sql.for_update(skip_locked=True)
            locked: dict[int, str] = dict(sql.select(lock, chunk))
            free += [host for host, holder in locked.items() if not holder]
            others = [host for host, holder in locked.items() if holder not in {"", self._owner}]
            sql.execute_many(WANT, [(sql.adapt(now), host) for host in others])
        return free


HELD = "SELECT id, lease_epoch, wanted_at, turns FROM crawler_host WHERE lease_owner = %s ORDER BY id"
FREE = (
    "SELECT id FROM crawler_host WHERE lease_owner = '' AND top_priority = %s AND due_at <= %s "
    "AND (wanted_at IS NULL OR wanted_at < %s) ORDER BY due_at LIMIT %s"
)
OF_RUN = (
    "SELECT h.id FROM crawler_backlog b JOIN crawler_host h ON h.id = b.host_id "
    "WHERE b.run_id = %s AND b.open AND b.due_at <= %s AND h.lease_owner <> %s "
    "ORDER BY h.lease_owner, b.due_at LIMIT %s"
)
LOCK = "SELECT id, lease_owner FROM crawler_host WHERE id IN ({}) ORDER BY id"
WANT = "UPDATE crawler_host SET wanted_at = %s WHERE id = %s"
DUE_HOSTS = (
    "SELECT count(*) FROM (SELECT 1 FROM crawler_host WHERE (lease_owner <> '' OR due_at <= %s) "
    f"AND top_priority >= %s LIMIT {MOST_COUNTED}) AS due"
)


def _first_wishes(leased: Leased, waiting: Waiting, rules: Mapping[int, RunRules]) -> list[Wish]:
    """Ask for as much of each new host as can politely be sent before the looks that follow."""
    wishes = []
    for lease, turns in leased.values():
        entries = waiting.get(lease.id, ())
        pace = _pace(entries, rules, crawl_delay_seconds=lease.ledger.crawl_delay_seconds)
        count = share.batch(
            delay_seconds=pace.delay_seconds,
            connections=pace.connections,
            rate=0.0,
            budget_seconds=share.LOOK_AHEAD_SECONDS,
        )
        wishes.append(Wish(host=lease.id, epoch=lease.epoch, count=count, least_in_hand=None, turns=turns))
    return wishes


def _pace(
    entries: Sequence[OpenBacklog], rules: Mapping[int, RunRules], *, crawl_delay_seconds: float | None = None
) -> Pace:
    """Return the pace that suits all the runs that have something queued on one host."""
    paces = [rules[entry.run].pace for entry in entries]
    return politeness.combine(paces, crawl_delay_seconds=crawl_delay_seconds)


def _claim(claimer: Claimer, wishes: Iterable[Wish], waiting: Waiting, *, now: datetime) -> list[Claim]:
    claimed = []
    for wish in wishes:
        plan = claims.wanted(wish, waiting.get(wish.host, ()), now=now)
        if plan:
            claimed += claimer.claim(wish, plan)
            turn = max(entry.turn for entry in plan)
            sql.execute("UPDATE crawler_host SET turns = %s WHERE id = %s", [turn, wish.host])
    runs.begin({claim.rules.run for claim in claimed}, now=now)
    return claimed


def _claim_alone(claimer: Claimer, wishes: Iterable[Wish], waiting: Waiting) -> list[Claim]:
    for wish in wishes:
        claimed = claimer.claim_alone(wish, waiting.get(wish.host, ()))
        if claimed:
            return claimed
    return []


def _take(ids: Sequence[int], *, owner: str) -> dict[int, tuple[HostLease, int]]:
    """Lease hosts that the caller has locked and found free, under a new epoch each."""
    leased: dict[int, tuple[HostLease, int]] = {}
    for chunk in sql.chunks(sorted(ids)):
        rows = sql.select(
            "UPDATE crawler_host SET lease_owner = %s, lease_epoch = lease_epoch + 1, wanted_at = NULL "
            f"WHERE id IN ({sql.marks(chunk)}) AND lease_owner = '' "
            f"RETURNING id, origin, lease_epoch, turns, {hosts.LEDGER_COLUMNS}",
            [owner, *chunk],
        )
        for row in rows:
            lease = HostLease(id=row[0], origin=row[1], epoch=row[2], ledger=hosts.read_ledger(row[4:]))
            leased[row[0]] = (lease, row[3])
    return leased


def _closed(backlogs: set[int]) -> frozenset[int]:
    closed: set[int] = set()
    for chunk in sql.chunks(sorted(backlogs)):
        statement = f"SELECT id FROM crawler_backlog WHERE id IN ({sql.marks(chunk)}) AND NOT open"
        closed |= {row[0] for row in sql.select(statement, chunk)}
    return frozenset(closed)


def due_hosts(floor: int, *, now: datetime) -> int:
    """Return how many hosts of at least priority `floor` are due or held, counted no further than 5,000."""
    return int(sql.select(DUE_HOSTS, [sql.adapt(now), floor])[0][0])


def live_slices() -> int:
    """Return how many slices of workers share the hosts."""
    rows = sql.select("SELECT count(*) FROM crawler_slice WHERE lane IN ('urgent', 'default', 'bulk')")
    return int(rows[0][0])


def lease_one(origin: str, *, owner: str, now: datetime) -> HostLease | None:
    """Lease one host by name; where somebody holds it, say that it is wanted and return None."""
    host = hosts.ids_of([origin])[origin]

    def work() -> HostLease | None:
        if hosts.lock([host])[host][0]:
            sql.execute(WANT, [sql.adapt(now), host])
            return None
        return next(lease for lease, _turns in _take([host], owner=owner).values())

    return sql.atomically(work)
