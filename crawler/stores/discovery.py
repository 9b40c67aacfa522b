"""Turns found links into requests: once per run, within its budget, on backlogs that say when."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from crawler.stores import hosts, sql
from crawler.stores.leases import make_due

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from crawler.engine.work import NewRequest
    from crawler.stores.runs import Tallies

MOST_REMEMBERED = 200_000

INSERT = (
    "INSERT INTO crawler_request (run_id, host_id, backlog_id, key, url, depth, state, epoch, attempts, losses, "
    "reason, parent, via) VALUES (%s, %s, %s, %s, %s, %s, 0, 0, 0, 0, '', %s, %s) ON CONFLICT (run_id, key) DO NOTHING"
)


class SeenBefore:
    """Keys that this process knows to be in the database, so that most links cost no query.

    It only ever forgets: a key that is missing here is looked up, one that is here was committed.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._keys: set[tuple[int, bytes]] = set()

    def __contains__(self, entry: tuple[int, bytes]) -> bool:
        return entry in self._keys

    def remember(self, entries: Iterable[tuple[int, bytes]]) -> None:
        """Take keys in after their transaction was committed."""
        if len(self._keys) >= self._most:
            self._keys.clear()
        self._keys.update(entries)


class Discovery:
    """The links of one batch: gathered first, then inserted within its transaction."""

    def __init__(self, seen: SeenBefore) -> None:
        self._seen = seen
        self._found: dict[int, dict[bytes, tuple[NewRequest, int | None]]] = defaultdict(dict)
        self._hosts: dict[str, int] = {}

    def add(self, run: int, links: Iterable[NewRequest], *, parent: int | None) -> None:
        found = self._found[run]
        for link in links:
            key = link.url.key
            if key not in found and (run, key) not in self._seen:
                found[key] = (link, parent)

    def resolve_hosts(self) -> None:
        """Look up or make the hosts of all links; call it before the transaction."""
        origins = {link.url.origin for found in self._found.values() for link, _parent in found.values()}
        self._hosts = hosts.ids_of(origins) if origins else {}

    @property
    def host_ids(self) -> set[int]:
        return set(self._hosts.values())

    def insert(
        self,
        *,
        kinds: dict[int, tuple[int, int]],
        tallies: Tallies,
        room: dict[int, int | None],
        now: datetime,
    ) -> set[int]:
        """Insert what is new and return the hosts that got some.

        `kinds` gives each run's (kind, priority) for new backlogs; `room` how many requests it may
        still discover, None for any number. What is over that is counted and dropped.
        """
        touched: set[int] = set()
        for run in sorted(self._found):
            new = self._unknown(run)
            limit = room.get(run)
            kept = new if limit is None else new[: max(limit, 0)]
            tallies.add(run, over_budget=len(new) - len(kept))
            touched |= self._insert_run(run, kept, kind=kinds[run], tallies=tallies, now=now)
        return touched

    def keep_parents(self, requests: set[int]) -> None:
        """Drop the links of results that are not stored; they were found by nobody."""
        for run, found in self._found.items():
            self._found[run] = {key: entry for key, entry in found.items() if entry[1] in requests}

    def remember(self) -> None:
        """Keep in mind what the committed transaction made sure is there."""
        for run, found in self._found.items():
            self._seen.remember((run, key) for key in found)

    def _unknown(self, run: int) -> list[bytes]:
        """Return the keys that the run does not have yet, in the order they were found."""
        found = self._found[run]
        known: set[bytes] = set()
        for chunk in sql.chunks(list(found)):
            statement = f"SELECT key FROM crawler_request WHERE run_id = %s AND key IN ({sql.marks(chunk)})"
            known |= {sql.data(row[0]) for row in sql.select(statement, [run, *chunk])}
        return [key for key in found if key not in known]

    def _insert_run(
        self, run: int, keys: Sequence[bytes], *, kind: tuple[int, int], tallies: Tallies, now: datetime
    ) -> set[int]:
        if not keys:
            return set()
        found = self._found[run]
        host_of = {key: self._hosts[found[key][0].url.origin] for key in keys}
        backlogs = backlogs_of(run, set(host_of.values()), kind=kind[0], priority=kind[1])
        rows = []
        for key in keys:
            link, parent = found[key]
            host = host_of[key]
            rows.append(
                (run, host, backlogs[host], key, link.url.text, link.depth, parent, "\n".join(link.via))
            )
        inserted = sql.execute_many(INSERT, rows)
        tallies.add(run, discovered=inserted)
        make_due(backlogs.values(), now=now)
        return set(backlogs)


def backlogs_of(run: int, ids: set[int], *, kind: int, priority: int) -> dict[int, int]:
    """Return the run's backlog on each of these hosts, which the caller has locked; made when missing."""
    wanted = sorted(ids)
    found: dict[int, int] = {}
    for chunk in sql.chunks(wanted):
        statement = f"SELECT host_id, id FROM crawler_backlog WHERE run_id = %s AND kind = %s AND host_id IN ({sql.marks(chunk)})"
        parameters = [run, kind, *chunk]
        known = dict(sql.select(statement, parameters))
        if len(known) < len(chunk):
            sql.execute_many(
                NEW_BACKLOG, [(run, host, kind, priority, run) for host in chunk if host not in known]
            )
            known = dict(sql.select(statement, parameters))
        found |= known
    return found


NEW_BACKLOG = (
    "INSERT INTO crawler_backlog (run_id, host_id, kind, priority, open, turn) "
    "SELECT %s, %s, %s, %s, (state IN ('queued', 'running')), 0 FROM crawler_run WHERE id = %s "
    "ON CONFLICT (run_id, host_id, kind) DO NOTHING"
)
