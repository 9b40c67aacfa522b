"""A run of millions of requests, made within the database: half of each part is done, the rest waits."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from django.db import connection

from crawler.models import BacklogKind, Run, RunTrigger, Target
from crawler.services import runs
from crawler.stores import backlogs, hosts, sql
from crawler.urls import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawler.engine.ports import Clock

HOSTS = 20
PART = 100_000
PLACES = "bench_place"
CACHE_KIB: Final = 3 << 20
"""Room for the indexes of ten million requests: else most keys that are filled in read a page of them."""


def origin(host: int) -> str:
    return f"http://host-{host}.test"


def url_of(number: int) -> str:
    """Return the URL of a request that was filled in, as FILL makes it."""
    return f"{origin(number % HOSTS)}/catalogue/{number // 1_000}/page-{number}.html"


_URL = "p.origin || '/catalogue/' || (n / 1000) || '/page-' || n || '.html'"
_POSTGRES_KEY = f"substring(sha256(convert_to({_URL}, 'UTF8')) FROM 1 FOR 16)"
FILL = (
    "INSERT INTO crawler_request (run_id, host_id, backlog_id, key, url, depth, kind, state, epoch, "
    "attempts, losses, reason, via, status, settled_at) "
    "WITH RECURSIVE numbers(n) AS (SELECT %s UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < %s) "
    f"SELECT %s, p.host, p.backlog, {{key}}, {_URL}, 3, 0, CASE WHEN n < %s THEN 2 ELSE 0 END, 0, "
    "CASE WHEN n < %s THEN 1 ELSE 0 END, 0, '', '', CASE WHEN n < %s THEN 200 END, "
    f"CASE WHEN n < %s THEN {{moment}} END FROM numbers JOIN {PLACES} p ON p.place = n %% {HOSTS} ORDER BY n"
)
COUNT = (
    "UPDATE crawler_run SET discovered = discovered + %s, done = done + %s, pages = pages + %s WHERE id = %s"
)


class Filled:
    """One run over twenty hosts, and how many requests were filled in; its counters say the same."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.count = 0
        starts = [f"{origin(0)}/"]
        target = Target.objects.create(
            name="Large", start_urls=starts, delay_seconds=0.0, obey_robots=False, max_pages=None
        )
        self.run: Run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=clock.now())
        self.hosts = hosts.ids_of(origin(host) for host in range(HOSTS))
        self.backlogs = sql.atomically(self._make_backlogs)

    def grow(self, count: int, *, told: Callable[[int], None] = lambda _count: None) -> None:
        """Fill in what is missing to `count`, and leave the database as if it had had time to tidy up."""
        with _cached():
            while self.count < count:
                end = min(self.count + PART, count)
                sql.atomically(partial(self._fill, self.count, end))
                self.count = end
                told(end)
        _tidy()

    def add_to_counters(self, *, discovered: int = 0, done: int = 0, pages: int = 0) -> None:
        sql.execute(COUNT, [discovered, done, pages, self.run.pk])

    def _make_backlogs(self) -> dict[int, int]:
        ids = list(self.hosts.values())
        hosts.lock(ids)
        found, _new = backlogs.on_hosts(
            self.run.pk, ids, kind=BacklogKind.HTTP.value, priority=self.run.priority
        )
        _name_places(
            [(place, id_, found[id_], name) for place, (name, id_) in enumerate(_in_order(self.hosts))]
        )
        return found

    def _fill(self, start: int, end: int) -> None:
        half = start + (end - start) // 2
        now = self._clock.now()
        key, moment = (_POSTGRES_KEY, "%s::timestamptz") if sql.is_postgres() else (f"url_key({_URL})", "%s")
        statement = FILL.format(key=key, moment=moment)
        sql.execute(statement, [start, end, self.run.pk, half, half, half, half, sql.adapt(now)])
        self.add_to_counters(discovered=end - start, done=half - start, pages=half - start)
        backlogs.make_due(self.backlogs.values(), now=now)
        hosts.set_standing(hosts.free_among(self.hosts.values()), now=now)


def _in_order(ids: dict[str, int]) -> list[tuple[str, int]]:
    return [(origin(host), ids[origin(host)]) for host in range(HOSTS)]


def _name_places(rows: list[tuple[int, int, int, str]]) -> None:
    sql.execute(f"DROP TABLE IF EXISTS {PLACES}")
    columns = "place integer PRIMARY KEY, host bigint, backlog bigint, origin text"
    sql.execute(f"CREATE TEMPORARY TABLE {PLACES} ({columns})")
    sql.execute_many(f"INSERT INTO {PLACES} VALUES (%s, %s, %s, %s)", rows)
    if not sql.is_postgres():
        connection.connection.create_function("url_key", 1, key_of, deterministic=True)


@contextmanager
def _cached() -> Iterator[None]:
    """Let SQLite keep all it touches within the block; what is measured afterwards has the usual cache."""
    if sql.is_postgres():
        yield
        return
    usual = sql.select("PRAGMA cache_size")[0][0]
    sql.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    yield
    sql.execute(f"PRAGMA cache_size = {usual}")
    sql.execute("PRAGMA shrink_memory")
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone keeps it otherwise
    if trim is not None:
        trim(0)


def _tidy() -> None:
    if sql.is_postgres():
        sql.execute("VACUUM (ANALYZE) crawler_request")
    else:
        sql.select("PRAGMA wal_checkpoint(TRUNCATE)")
