"""Links beyond a run's page limit, kept to take the places of requests that turn out to be skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.engine.work import NewRequest
from crawler.models import TIME_LIMIT
from crawler.stores import sql
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Found = tuple[NewRequest, int | None]

MOST_A_RUN = 1_000


def oldest(run: int, count: int) -> list[Found]:
    """Return the first `count` links that wait for a place, each with the request it was found on.

    Those that became requests in another way wait for none.
    """
    rows = sql.select(OLDEST, [run, count])
    return [
        (
            NewRequest(
                url=canonical(url, keep_tracking=True),
                depth=depth,
                via=tuple(via.split("\n")) if via else (),
            ),
            parent,
        )
        for url, depth, parent, via in rows
    ]


# what became a request in another way would be offered again and again, and keep the rest from their places
IS_NO_REQUEST = "NOT EXISTS (SELECT 1 FROM crawler_request q WHERE q.run_id = s.run_id AND q.key = s.key)"
OLDEST = (
    "SELECT s.url, s.depth, s.parent, s.via FROM crawler_sparelink s JOIN crawler_run r ON r.id = s.run_id "
    f"WHERE s.run_id = %s AND r.reason <> '{TIME_LIMIT}' AND {IS_NO_REQUEST} ORDER BY s.id LIMIT %s"
)


def exist(run: int) -> bool:
    """Say whether any link of the run waits for a place."""
    statement = f"SELECT 1 FROM crawler_sparelink s WHERE s.run_id = %s AND {IS_NO_REQUEST} LIMIT 1"
    return bool(sql.select(statement, [run]))


def ids_of(run: int, keys: Iterable[bytes]) -> dict[bytes, int]:
    """Return the ids of those of the links that wait for a place, by their keys."""
    found: dict[bytes, int] = {}
    for chunk in sql.chunks(sorted(keys)):
        statement = f"SELECT key, id FROM crawler_sparelink WHERE run_id = %s AND key IN ({sql.marks(chunk)})"
        found |= {sql.data(key): id_ for key, id_ in sql.select(statement, [run, *chunk])}
    return found


def keep(run: int, links: Mapping[bytes, Found]) -> int:
    """Keep links as long as there is room; return how many of them were not kept before.

    The caller has locked their hosts, so that nobody else keeps or takes the same ones.
    """
    known: set[bytes] = set()
    for chunk in sql.chunks(list(links)):
        statement = f"SELECT key FROM crawler_sparelink WHERE run_id = %s AND key IN ({sql.marks(chunk)})"
        known |= {sql.data(row[0]) for row in sql.select(statement, [run, *chunk])}
    new = [key for key in links if key not in known]
    if not new:
        return 0
    room = MOST_A_RUN - sql.select("SELECT count(*) FROM crawler_sparelink WHERE run_id = %s", [run])[0][0]
    rows = []
    for key in new[: max(room, 0)]:
        link, parent = links[key]
        rows.append((run, key, link.url.text, link.depth, parent, "\n".join(link.via)))
    sql.execute_many(INSERT, rows)
    return len(new)


INSERT = (
    "INSERT INTO crawler_sparelink (run_id, key, url, depth, parent, via) VALUES (%s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (run_id, key) DO NOTHING"
)


def forget(run: int, keys: Sequence[bytes]) -> int:
    """Let go of links that are requests now; return how many were kept."""
    return sum(
        sql.execute(
            f"DELETE FROM crawler_sparelink WHERE run_id = %s AND key IN ({sql.marks(chunk)})", [run, *chunk]
        )
        for chunk in sql.chunks(keys)
    )
