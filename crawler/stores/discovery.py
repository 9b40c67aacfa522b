"""Turns found links into requests: once per run, within its budget, on backlogs that say when."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from crawler.engine.work import Kind
from crawler.frontier.traps import TOO_MANY_VARIANTS
from crawler.stores import backlogs, hosts, spares, sql, statements, variants
from crawler.urls import path_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from crawler.engine.work import NewRequest
    from crawler.stores.runs import Spent, Tallies

    Links = Mapping[bytes, tuple[NewRequest, int | None]]

MOST_REMEMBERED = 200_000

INSERT = statements.insert(
    "crawler_request",
    {
        "run_id": "bigint",
        "host_id": "bigint",
        "backlog_id": "bigint",
        "key": "bytea",
        "path_key": "bigint",
        "url": "text",
        "depth": "smallint",
        "kind": "smallint",
        "parent": "bigint",
        "via": "text",
    },
    fixed={"state": 0, "epoch": 0, "attempts": 0, "losses": 0, "reason": "''"},
    then="ON CONFLICT (run_id, key) DO NOTHING",
)


class SeenBefore:
    """Keys of runs that need no query any more: they are in the database, or were over the run's budget.

    It only ever forgets: a key that is missing here is looked up. While one thread adds to it others may
    look for keys.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._keys: dict[int, set[bytes]] = {}

    def of(self, run: int) -> AbstractSet[bytes]:
        return self._keys.get(run, frozenset())

    def remember(self, run: int, keys: Iterable[bytes]) -> None:
        """Take keys in after their transaction was committed."""
        if sum(map(len, self._keys.values())) >= self._most:
            self._keys.clear()
        self._keys.setdefault(run, set()).update(keys)


class Discovery:
    """The links of one batch: gathered first, then inserted within its transaction.

    `spare` are links that runs kept when they had no room for them, and may have room for now: they
    go before what is found. `refused` are links that were left out for good, as (run, reason, url);
    `taken_back` what became a request of a run and was none in the end, with the ids these had.
    Sitemaps take no room, so they are kept apart from pages.
    """

    def __init__(
        self, seen: SeenBefore, *, spare: Mapping[int, Sequence[tuple[NewRequest, int | None]]] | None = None
    ) -> None:
        self._seen = seen
        self._spare = {
            run: {link.url.key: (link, parent) for link, parent in links}
            for run, links in (spare or {}).items()
        }
        self._found: dict[int, dict[bytes, tuple[NewRequest, int | None]]] = defaultdict(dict)
        self._sitemaps: dict[int, dict[bytes, tuple[NewRequest, int | None]]] = {}
        self.begin_again()
        self.refused: list[tuple[int, str, str]] = []
        self.taken_back: dict[int, dict[bytes, int]] = {}
        self._hosts: dict[str, int] = {}
        self._inserted: dict[int, list[bytes]] = {}
        self._new_backlogs: dict[int, int] = {}

    def add(self, run: int, links: Iterable[NewRequest], *, parent: int | None) -> None:
        found, seen = self._found[run], self._seen.of(run)
        for link in links:
            key = link.url.key
            if key not in found and key not in seen:
                found[key] = (link, parent)

    def add_sitemaps(self, run: int, links: Iterable[NewRequest], *, parent: int | None) -> None:
        for link in links:
            self._sitemaps.setdefault(run, {}).setdefault(link.url.key, (link, parent))

    def resolve_hosts(self, also: Iterable[str] = ()) -> None:
        """Look up or make the hosts of all links, and of `also`; call it before the transaction."""
        every = (*self._found.values(), *self._sitemaps.values())
        origins = {link.url.origin for found in every for link, _parent in found.values()}.union(also)
        self._hosts = hosts.ids_of(origins) if origins else {}

    @property
    def host_ids(self) -> set[int]:
        return set(self._hosts.values())

    @property
    def runs(self) -> list[int]:
        """The runs that links were found for."""
        found = [run for run, links in self._found.items() if links]
        return list(dict.fromkeys((*found, *self._sitemaps)))

    def begin_again(self) -> None:
        """Forget what was found, but not its hosts: some of the results that gave it are not stored."""
        self._found.clear()
        self._found.update({run: dict(links) for run, links in self._spare.items()})
        self._sitemaps.clear()

    def insert(
        self,
        *,
        kinds: Mapping[int, tuple[int, int]],
        tallies: Tallies,
        room: Mapping[int, int | None],
        most_variants: Mapping[int, int | None] | None = None,
        keeping: Collection[int] = (),
        now: datetime,
    ) -> set[int]:
        """Insert what is new and return the hosts that got some.

        `kinds` gives each run's (kind, priority) for new backlogs; `room` how many requests it may
        still discover, None for any number. What is over that is counted, and kept as long as there is
        a place for it: `keeping` are the runs that may have such links. Of each path no more than
        `most_variants` queries are taken.
        """
        touched: set[int] = set()
        self._inserted, self._new_backlogs, self.refused, self.taken_back = {}, {}, [], {}
        for run in sorted(self.runs):
            new = _unknown(run, self._found[run])
            if most_variants is not None:
                new = self._within(run, new, most_variants.get(run), tallies)
            limit = room.get(run)
            kept = new if limit is None else new[: max(limit, 0)]
            settled = kept if run in keeping else ()
            self._leave_out(run, new[len(kept) :], settled=settled, tallies=tallies)
            touched |= self._insert_run(run, kept, kind=kinds[run], tallies=tallies, now=now)
            self._inserted[run] = kept
            if run in self._sitemaps:
                touched |= self._insert_sitemaps(run, kind=kinds[run], tallies=tallies, now=now)
        return touched

    def correct(self, *, spent: Mapping[int, Spent], most: Mapping[int, int | None], now: datetime) -> None:
        """Put right what another transaction changed meanwhile; call it once the runs' rows are locked.

        `spent` is how much of its budget each run has used with these requests, `most` what it may.
        A run may also have been paused, resumed or moved, unaware of the backlogs made here.
        """
        for run, keys in self._inserted.items():
            limit = most.get(run)
            excess = 0 if limit is None or run not in spent else min(spent[run].used - limit, len(keys))
            if excess > 0:
                self._take_back(run, keys[-excess:])
        if self._new_backlogs:
            backlogs.align(self._new_backlogs)
            hosts.set_standing(hosts.free_among(self._new_backlogs.values()), now=now)

    def remember(self) -> None:
        """Keep in mind what needs no more query, now that the transaction is committed."""
        for run, found in self._found.items():
            self._seen.remember(run, found)

    def _insert_sitemaps(
        self, run: int, *, kind: tuple[int, int], tallies: Tallies, now: datetime
    ) -> set[int]:
        found = self._sitemaps[run]
        inserted, touched = self._insert(run, found, _unknown(run, found), kind=kind, now=now)
        tallies.add(run, discovered=inserted, sitemaps=inserted)
        return touched

    def _insert_run(
        self, run: int, keys: Sequence[bytes], *, kind: tuple[int, int], tallies: Tallies, now: datetime
    ) -> set[int]:
        inserted, touched = self._insert(run, self._found[run], keys, kind=kind, now=now)
        tallies.add(run, discovered=inserted)
        return touched

    def _insert(
        self, run: int, found: Links, keys: Sequence[bytes], *, kind: tuple[int, int], now: datetime
    ) -> tuple[int, set[int]]:
        """Insert those of `found` with these keys; return how many there were, and their hosts."""
        if not keys:
            return 0, set()
        host_of = {key: self._hosts[found[key][0].url.origin] for key in keys}
        backlog_of, new = backlogs.on_hosts(run, set(host_of.values()), kind=kind[0], priority=kind[1])
        rows = []
        for key in keys:
            link, parent = found[key]
            host = host_of[key]
            rows.append(
                (
                    *(
                        run,
                        host,
                        backlog_of[host],
                        key,
                        path_key(link.url) if link.kind is Kind.PAGE else None,
                    ),
                    *(link.url.text, link.depth, link.kind.value, parent, "\n".join(link.via)),
                )
            )
        self._new_backlogs |= {backlog: host for host, backlog in backlog_of.items() if backlog in new}
        inserted = INSERT.run(rows)
        backlogs.make_due(backlog_of.values(), now=now)
        return inserted, set(backlog_of)

    def _within(self, run: int, keys: list[bytes], most: int | None, tallies: Tallies) -> list[bytes]:
        """Leave out the queries of paths that have enough of them; they are counted, and let go of."""
        found = self._found[run]
        over = variants.too_many(run, [found[key][0] for key in keys], most=most)
        if not over:
            return keys
        refused = [key for key in keys if found[key][0].url in over]
        self.refused += [(run, TOO_MANY_VARIANTS, found[key][0].url.text) for key in refused]
        tallies.add(run, out_of_scope=len(refused), over_budget=-spares.forget(run, refused))
        return [key for key in keys if found[key][0].url not in over]

    def _leave_out(
        self, run: int, keys: Sequence[bytes], *, settled: Sequence[bytes], tallies: Tallies
    ) -> None:
        """Keep the links for which there is no room, and let go of those that had none before."""
        left_out = set(keys)
        gone = {*settled, *(key for key in self._spare.get(run, ()) if key not in left_out)}
        found = self._found[run]
        kept = spares.keep(run, {key: found[key] for key in keys})
        tallies.add(run, over_budget=kept - spares.forget(run, sorted(gone)))

    def _take_back(self, run: int, keys: Sequence[bytes]) -> None:
        """Remove requests that this transaction inserted beyond the run's budget."""
        removed = 0
        ids = self.taken_back.setdefault(run, {})
        for chunk in sql.chunks(keys):
            those = f"FROM crawler_request WHERE run_id = %s AND key IN ({sql.marks(chunk)})"
            ids |= {sql.data(key): id_ for key, id_ in sql.select(f"SELECT key, id {those}", [run, *chunk])}
            removed += sql.execute(f"DELETE {those}", [run, *chunk])
        spares.keep(run, {key: self._found[run][key] for key in keys})
        sql.execute(
            "UPDATE crawler_run SET discovered = discovered - %s, over_budget = over_budget + %s "
            "WHERE id = %s",
            [removed, removed, run],
        )


def _unknown(run: int, found: Links) -> list[bytes]:
    """Return the keys that the run does not have yet, in the order they were found."""
    known: set[bytes] = set()
    for chunk in sql.chunks(list(found)):
        statement = f"SELECT key FROM crawler_request WHERE run_id = %s AND key IN ({sql.marks(chunk)})"
        known |= {sql.data(row[0]) for row in sql.select(statement, [run, *chunk])}
    return [key for key in found if key not in known]
