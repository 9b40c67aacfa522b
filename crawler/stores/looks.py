"""One look of a slice at the frontier: hosts leased, requests claimed, changes noticed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.engine.ports import Look
from crawler.engine.work import HostLease
from crawler.frontier import share
from crawler.models import BacklogKind
from crawler.queue import MOST_URGENT
from crawler.stores import claims, hosts, runs, sql
from crawler.stores.claims import Claimer, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from crawler.engine.ports import Ask
    from crawler.engine.work import Claim, RunRules
    from crawler.stores.claims import OpenBacklog
    from crawler.stores.clock import DatabaseClock

WANTED_FOR = timedelta(seconds=15)
COUNT_EVERY_SECONDS = 1.0
MOST_COUNTED = 5_000


class Looker:
    """Looks at the frontier for one slice. `run` restricts it to one run, as the terminal's slice is."""

    def __init__(
        self,
        *,
        owner: str,
        floor: int,
        rules: Callable[[int], RunRules | None],
        revisits: Callable[[int], bool],
        clock: DatabaseClock,
        run: int | None = None,
    ) -> None:
        self._owner = owner
        self._floor = floor
        self._rules = rules
        self._revisits = revisits
        self._clock = clock
        self._run = run
        self._kind = BacklogKind.HTTP if run is None else BacklogKind.TERMINAL
        self._share = share.MOST_HOSTS
        self._counted_at = -COUNT_EVERY_SECONDS

    def look(self, ask: Ask) -> Look:
        """Return what is due for this slice now, in one transaction."""
        return sql.atomically(lambda: self._look(ask, now=self._clock.now()))

    def _look(self, ask: Ask, *, now: datetime) -> Look:
        asked = {host.id: host for host in ask.hosts}
        held = {row[0]: row for row in sql.select(HELD, [self._owner])}
        surplus = self._surplus(len(held)) if ask.lease else 0
        leased = self._lease(-surplus, now=now) if ask.lease and surplus < 0 else {}
        locked = hosts.lock(held)
        lost = frozenset(
            id_ for id_, host in asked.items() if locked.get(id_, ("", 0)) != (self._owner, host.epoch)
        )
        backlogs = claims.open_backlogs([*held, *leased], kind=self._kind.value, run=self._run)
        wishes = [
            Wish(
                host=id_,
                epoch=host.epoch,
                count=host.want,
                least_in_hand=host.least_in_hand,
                turns=held[id_][3],
            )
            for id_, host in asked.items()
            if id_ not in lost
        ] + [
            Wish(host=lease.id, epoch=lease.epoch, count=ask.first_batch, least_in_hand=None, turns=turns)
            for lease, turns in leased.values()
        ]
        claimer = Claimer(rules=self._rules, now=now)
        claimed = (
            self._claim_alone(claimer, wishes, backlogs)
            if ask.alone
            else self._claim(claimer, wishes, backlogs, now=now)
        )
        return Look(
            leased=tuple(lease for lease, _turns in leased.values()),
            claims=tuple(claims.with_validators(claimed, revisits=self._revisits)),
            closed=_closed({backlog for host in ask.hosts for backlog in host.backlogs}),
            wanted=frozenset(id_ for id_, row in held.items() if row[2] is not None),
            lost=lost,
            due=tuple(
                (id_, min(entry.due_at for entry in entries)) for id_, entries in backlogs.items() if entries
            ),
            surplus=max(surplus, 0),
            alone_waiting=claimer.alone_waiting and not ask.alone,
        )

    def _claim(
        self,
        claimer: Claimer,
        wishes: Iterable[Wish],
        backlogs: dict[int, list[OpenBacklog]],
        *,
        now: datetime,
    ) -> list[Claim]:
        claimed = []
        for wish in wishes:
            plan = claims.wanted(wish, backlogs.get(wish.host, ()), now=now)
            if plan:
                claimed += claimer.claim(wish, plan)
                sql.execute(
                    "UPDATE crawler_host SET turns = %s WHERE id = %s", [max(t.turn for t in plan), wish.host]
                )
        runs.begin({claim.rules.run for claim in claimed}, now=now)
        return claimed

    def _claim_alone(
        self, claimer: Claimer, wishes: Iterable[Wish], backlogs: dict[int, list[OpenBacklog]]
    ) -> list[Claim]:
        for wish in wishes:
            claimed = claimer.claim_alone(wish, backlogs.get(wish.host, ()))
            if claimed:
                return claimed
        return []

    def _surplus(self, held: int) -> int:
        """Return how many hosts this slice holds beyond its share; negative when it may lease more."""
        if self._run is None and self._clock.monotonic() - self._counted_at >= COUNT_EVERY_SECONDS:
            self._counted_at = self._clock.monotonic()
            self._share = share.fair_share(
                hosts=due_hosts(self._floor, now=self._clock.now()), slices=live_slices()
            )
        return held - self._share

    def _lease(self, room: int, *, now: datetime) -> dict[int, tuple[HostLease, int]]:
        """Lease up to `room` hosts, the most urgent first; return each with the turns it has dealt."""
        found: list[int] = []
        for priority in range(MOST_URGENT, self._floor - 1, -1) if self._run is None else ():
            if len(found) < room:
                parameters = [priority, sql.adapt(now), sql.adapt(now - WANTED_FOR), room - len(found)]
                found += [row[0] for row in sql.select(FREE + sql.for_update(skip_locked=True), parameters)]
        if self._run is not None:
            found = self._hosts_of_run(room, now=now)
        return _take(found, owner=self._owner)

    def _hosts_of_run(self, room: int, *, now: datetime) -> list[int]:
        """Return free hosts of the terminal's run, and ask for those that others hold."""
        rows = sql.select(OF_RUN, [self._run, sql.adapt(now), self._owner, room])
        taken = [(sql.adapt(now), row[0]) for row in rows if row[1]]
        sql.execute_many("UPDATE crawler_host SET wanted_at = %s WHERE id = %s", taken)
        return list(hosts.lock(row[0] for row in rows if not row[1]))


HELD = "SELECT id, lease_epoch, wanted_at, turns FROM crawler_host WHERE lease_owner = %s ORDER BY id"
FREE = (
    "SELECT id FROM crawler_host WHERE lease_owner = '' AND top_priority = %s AND due_at <= %s "
    "AND (wanted_at IS NULL OR wanted_at < %s) ORDER BY due_at LIMIT %s"
)
OF_RUN = (
    "SELECT h.id, h.lease_owner FROM crawler_backlog b JOIN crawler_host h ON h.id = b.host_id "
    "WHERE b.run_id = %s AND b.open AND b.due_at <= %s AND h.lease_owner <> %s "
    "ORDER BY h.lease_owner, b.due_at LIMIT %s"
)
DUE_HOSTS = (
    "SELECT count(*) FROM (SELECT 1 FROM crawler_host WHERE (lease_owner <> '' OR due_at <= %s) "
    f"AND top_priority >= %s LIMIT {MOST_COUNTED}) AS due"
)


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
    return int(
        sql.select("SELECT count(*) FROM crawler_slice WHERE lane IN ('urgent', 'default', 'bulk')")[0][0]
    )


def lease_one(origin: str, *, owner: str, now: datetime) -> HostLease | None:
    """Lease one host by name; where somebody holds it, say that it is wanted and return None."""
    host = hosts.ids_of([origin])[origin]

    def work() -> HostLease | None:
        if hosts.lock([host])[host][0]:
            sql.execute("UPDATE crawler_host SET wanted_at = %s WHERE id = %s", [sql.adapt(now), host])
            return None
        return next(lease for lease, _turns in _take([host], owner=owner).values())

    return sql.atomically(work)
