"""Writes what sitemaps list: how much each did, and when pages are said to have changed last."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.engine.work import Listed

INSERT = (
    "INSERT INTO crawler_sitemapreading (run_id, request, url, kind, entries, taken, sitemaps) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (run_id, request) DO NOTHING"
)
HINT = "UPDATE crawler_page SET lastmod = %s WHERE id = %s"


def save(results: Sequence[Listed]) -> None:
    """Keep the hints of these parts of sitemaps, and how many URLs those had that have come to their end."""
    hints: dict[int, dict[bytes, datetime]] = defaultdict(dict)
    for result in results:
        hints[result.claim.rules.target].update(result.hints)
    for target in sorted(hints):
        _note(target, hints[target])
    sql.execute_many(
        INSERT,
        [
            (
                result.claim.rules.run,
                result.claim.id,
                result.claim.url,
                result.claim.kind.value,
                result.end.entries,
                result.end.taken,
                result.end.sitemaps,
            )
            for result in results
            if result.end is not None and not result.end.redirected
        ],
    )


def _note(target: int, hints: dict[bytes, datetime]) -> None:
    """Write the hints about known pages that say something new, in the order of their keys."""
    for chunk in sql.chunks(sorted(hints)):
        rows = sql.select(
            "SELECT id, key, lastmod FROM crawler_page "
            f"WHERE target_id = %s AND key IN ({sql.marks(chunk)}) ORDER BY key",
            [target, *chunk],
        )
        known = [(id_, hints[sql.data(key)], sql.moment(said)) for id_, key, said in rows]
        sql.execute_many(HINT, [(sql.adapt(said), id_) for id_, said, before in known if said != before])
