"""The rows of records that wait for the pages which complete them.

One that waits for a link for which its run has no place yet has minus that link's id as its request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from crawler.stores import sql, statements
from crawler.urls import key_of
from scrapers.links import Carried

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.engine.work import GoingRecord

MOST_AT_ONCE = 100
"""So many records are taken to a page at a time, and it is read again for more: a page has 5 s."""

INSERT = statements.insert(
    "crawler_carriedrecord",
    {
        "run_id": "bigint",
        "request": "bigint",
        "digest": "bytea",
        "url": "text",
        "callback": "text",
        "data": "bytea",
        "partial": "boolean",
        "level": "smallint",
    },
    then="ON CONFLICT (run_id, request, digest) DO NOTHING",
)
COLUMNS = "c.id, c.url, c.data, c.partial"
NO_REQUEST = "its page is not asked for: the run's page limit, or a bound against traps, left it out"
MOVE = (
    "UPDATE crawler_carriedrecord SET request = %s, "
    "url = COALESCE((SELECT r.url FROM crawler_request r WHERE r.id = %s), "
    "(SELECT s.url FROM crawler_sparelink s WHERE s.id = %s), url) "
    "WHERE run_id = %s AND request = %s AND NOT EXISTS ("
    "SELECT 1 FROM crawler_carriedrecord o WHERE o.run_id = crawler_carriedrecord.run_id "
    "AND o.request = %s AND o.digest = crawler_carriedrecord.digest)"
)


class Waiting(NamedTuple):
    """A record as it is given out without its page, at which address it was to be completed."""

    url: str
    data: bytes
    partial: bool


def carried_to(run: int, request: int) -> tuple[tuple[int, Carried], ...]:
    """Return the first records that wait for a request, with their ids."""
    rows = sql.select(
        "SELECT id, url, callback, data, partial, level FROM crawler_carriedrecord "
        "WHERE run_id = %s AND request = %s ORDER BY id LIMIT %s",
        [run, request, MOST_AT_ONCE],
    )
    return tuple(
        (
            id_,
            Carried(
                url=url,
                callback=callback,
                data=orjson.loads(sql.data(data)),
                partial=bool(partial),
                level=level,
            ),
        )
        for id_, url, callback, data, partial, level in rows
    )


def add(run: int, records: Iterable[tuple[int, GoingRecord]]) -> None:
    """Have records wait for requests; the same one waits once."""
    INSERT.run(
        [
            (run, request, one.digest, one.url, one.callback, one.data, one.partial, one.level)
            for request, one in records
        ]
    )


def move(run: int, request: int, to: int) -> None:
    """Have the records of a request wait for another one, at its address; what waits there stays once.

    `to` may stand for a link without a place: it is less than nothing then.
    """
    sql.execute(MOVE, [to, to, -to, run, request, to])
    sql.execute("DELETE FROM crawler_carriedrecord WHERE run_id = %s AND request = %s", [run, request])


def without_place(run: int) -> dict[int, bytes]:
    """Return the keys of links without a place that records of a run wait for, by what stands for each."""
    statement = "SELECT DISTINCT request, url FROM crawler_carriedrecord WHERE run_id = %s AND request < 0"
    return {request: key_of(url) for request, url in sql.select(statement, [run])}


def done_with(ids: Sequence[int]) -> None:
    """Remove records."""
    for chunk in sql.chunks(sorted(ids)):
        sql.execute(f"DELETE FROM crawler_carriedrecord WHERE id IN ({sql.marks(chunk)})", chunk)


def awaited(run: int, requests: Iterable[int]) -> list[int]:
    """Return those of the requests that records wait for."""
    found: list[int] = []
    for chunk in sql.chunks(sorted(requests)):
        rows = sql.select(
            "SELECT DISTINCT request FROM crawler_carriedrecord "
            f"WHERE run_id = %s AND request IN ({sql.marks(chunk)})",
            [run, *chunk],
        )
        found += [row[0] for row in rows]
    return sorted(found)


def taken(run: int, request: int, *, most: int) -> list[Waiting]:
    """Take the first records of a request out."""
    rows = sql.select(
        f"SELECT {COLUMNS} FROM crawler_carriedrecord c WHERE c.run_id = %s AND c.request = %s "
        "ORDER BY c.id LIMIT %s",
        [run, request, most],
    )
    done_with([row[0] for row in rows])
    return [Waiting(url, sql.data(data), bool(partial)) for _id, url, data, partial in rows]


def left_over(run: int, *, most: int) -> list[tuple[Waiting, int | None, str]]:
    """Take some records out that a run has left, with the state of their request, None without one, and why.

    They come in the order of the index by run: in that of their ids, all of them would be sorted each time.
    """
    locked = " FOR UPDATE OF c" if sql.is_postgres() else ""
    rows = sql.select(
        f"SELECT {COLUMNS}, r.state, r.reason, c.request FROM crawler_carriedrecord c "
        "LEFT JOIN crawler_request r ON r.id = c.request WHERE c.run_id = %s "
        f"ORDER BY c.request, c.digest LIMIT %s{locked}",
        [run, most],
    )
    done_with([row[0] for row in rows])
    return [
        (Waiting(url, sql.data(data), bool(partial)), state, reason or (NO_REQUEST if request < 0 else ""))
        for _id, url, data, partial, state, reason, request in rows
    ]
