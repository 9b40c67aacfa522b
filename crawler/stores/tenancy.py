"""The hosts of a terminal's run: shared in turns with whoever else has something to fetch there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from crawler.frontier import share, tenure
from crawler.frontier.tenure import WANTED_FOR, Absence, Tenure
from crawler.models import BacklogKind
from crawler.stores import leases, sharing, sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from crawler.engine.ports import Look

ASK_AGAIN = WANTED_FOR / 3


class HostsInTurns:
    """Finds the hosts of one run, asks for those that others hold, and gives way to others.

    A terminal's slice has no end that would give its hosts back. What is remembered here is what
    was committed: `note` follows the transaction of each look.
    """

    kind = BacklogKind.TERMINAL

    def __init__(self, *, owner: str, run: int) -> None:
        self._owner = owner
        self.run: int | None = run
        self._tenures: dict[int, Tenure] = {}
        self._absences: dict[int, Absence] = {}
        self._asked: dict[int, datetime] = {}
        self._begin({})

    def _begin(self, held: Mapping[int, int]) -> None:
        """Forget what a look found that came to nothing."""
        self._held = held
        self._yielded: frozenset[int] = frozenset()
        self._beside: dict[int, int] = {}
        self._asking: dict[int, datetime] = {}

    def surplus(self, held: int, *, now: datetime) -> int:  # noqa: ARG002 - a slice's share changes
        """Return how many hosts it holds more than any slice may; negative when it may lease more."""
        return held - share.MOST_HOSTS

    def giving_way(self, held: Mapping[int, int], *, now: datetime) -> frozenset[int]:
        """Return which of the held hosts, given with their epochs, are to go to workers."""
        self._begin(held)
        waiting = _waiting([host for host in held if host in self._tenures], now=now)
        if waiting:
            own = _priority(self.run)
            self._yielded = frozenset(
                host
                for host, urgency in waiting.items()
                if tenure.gives_way(self._tenures[host], own=own, waiting=urgency, now=now)
            )
        return self._yielded

    def find(self, room: int, *, now: datetime) -> list[int]:
        """Lock up to `room` free hosts on which the run has something due; ask for those that others hold."""
        most = room + len(self._absences)
        rows = sql.select(OF_RUN, [self.run, sql.adapt(now), self._owner, most])
        free: list[int] = []
        for chunk in sql.chunks([row[0] for row in rows]):
            lock = LOCK.format(sql.marks(chunk)) + sql.for_update(skip_locked=True)
            locked = [_read(row) for row in sql.select(lock, chunk)]
            others = [row for row in locked if row.owner not in {"", self._owner}]
            self._asking |= {row.id: now for row in others if self._may_ask(row, now=now)}
            free += self._to_take([row for row in locked if not row.owner], now=now)
        leases.want(self._asking, now=now)
        return free[:room]

    def _to_take(self, free: Sequence[_HostRow], *, now: datetime) -> list[int]:
        unasked = [row for row in free if not self._is_wanted_by_another(row, now=now)]
        self._beside |= (waiting := _waiting([row.id for row in unasked], now=now))
        return [row.id for row in unasked if self._may_take(row, waiting.get(row.id), now=now)]

    def _may_take(self, row: _HostRow, waiting: int | None, *, now: datetime) -> bool:
        absence = self._absences.get(row.id)
        return absence is None or tenure.may_return(
            absence, epoch=row.epoch, due_at=row.due_at, waiting=waiting, now=now
        )

    def _may_ask(self, row: _HostRow, *, now: datetime) -> bool:
        asked, absence = self._asked.get(row.id), self._absences.get(row.id)
        if self._is_wanted_by_another(row, now=now) or (asked is not None and now - asked < ASK_AGAIN):
            return False
        return absence is None or tenure.may_ask(absence, now=now)

    def _is_wanted_by_another(self, row: _HostRow, *, now: datetime) -> bool:
        wanted_at = row.wanted_at
        if wanted_at is None or wanted_at == self._asked.get(row.id):
            return False
        return now - wanted_at <= WANTED_FOR

    def note(self, look: Look, *, now: datetime) -> None:
        """Remember what a look did, now that it is committed."""
        self._asked |= self._asking
        for host, epoch in self._held.items():
            if host in look.wanted or host in self._absences:
                self._leave(host, epoch, now=now)
        for lease in look.leased:
            self._enter(lease.id, lease.epoch, now=now)

    def _leave(self, host: int, epoch: int, *, now: datetime) -> None:
        """Note that a host goes, each time until it is gone: what is in flight there comes first."""
        known = self._absences.get(host)
        asked = known.asked if known else host not in self._yielded
        self._absences[host] = Absence(since=now, epoch=epoch, asked=asked)
        self._tenures.pop(host, None)

    def _enter(self, host: int, epoch: int, *, now: datetime) -> None:
        """Note that a turn begins; it goes on where nobody had the host in between, and somebody waits."""
        self._absences.pop(host, None)
        self._asked.pop(host, None)
        before, beside = self._tenures.get(host), self._beside.get(host)
        if before is not None and beside is not None and before.epoch + 2 == epoch:
            self._tenures[host] = replace(before, epoch=epoch)
        else:
            self._tenures[host] = Tenure(since=now, epoch=epoch, beside=beside)


class _HostRow(NamedTuple):
    id: int
    owner: str
    epoch: int
    wanted_at: datetime | None
    due_at: datetime | None


def _read(row: sql.Row) -> _HostRow:
    id_, owner, epoch, wanted_at, due_at = row
    return _HostRow(id_, owner, epoch, sql.moment(wanted_at), sql.moment(due_at))


def _waiting(ids: Iterable[int], *, now: datetime) -> dict[int, int]:
    """Return how urgent the due work is that waits for workers on each of these hosts, where there is any."""
    found: dict[int, int] = {}
    for chunk in sql.chunks(sorted(ids)):
        found |= dict(sql.select(WAITING.format(sql.marks(chunk)), [*chunk, sql.adapt(now)]))
    return found if found and sharing.has_workers(now=now) else {}


def _priority(run: int | None) -> int:
    rows = sql.select("SELECT priority FROM crawler_run WHERE id = %s", [run])
    return int(rows[0][0]) if rows else 0


OF_RUN = (
    "SELECT h.id FROM crawler_backlog b JOIN crawler_host h ON h.id = b.host_id "
    "WHERE b.run_id = %s AND b.open AND b.due_at <= %s AND h.lease_owner <> %s "
    "ORDER BY h.lease_owner, b.due_at LIMIT %s"
)
LOCK = "SELECT id, lease_owner, lease_epoch, wanted_at, due_at FROM crawler_host WHERE id IN ({}) ORDER BY id"
WAITING = (
    "SELECT host_id, max(priority) FROM crawler_backlog WHERE host_id IN ({}) AND open "
    f"AND due_at IS NOT NULL AND due_at <= %s AND kind = {BacklogKind.HTTP.value} GROUP BY host_id"
)
