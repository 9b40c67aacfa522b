"""How many queries of one path a run has taken: counted among its requests, which are there anyway."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crawler.stores import sql
from crawler.urls import path_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.engine.work import NewRequest
    from crawler.urls import Url


def too_many(run: int, links: Sequence[NewRequest], *, most: int | None) -> frozenset[Url]:
    """Return those of the new links whose path has `most` queries without them; what a person named is none.

    The caller has locked the links' hosts, so nobody else adds to their paths. Without queries it costs
    nothing, and else one look at an index that has only URLs with a query.
    """
    if most is None:
        return frozenset()
    paths = [(link.url, key) for link in links if link.depth and (key := path_key(link.url)) is not None]
    if not paths:
        return frozenset()
    taken = _taken(run, {key for _url, key in paths})
    over = set()
    for url, key in paths:
        taken[key] += 1
        if taken[key] > most:
            over.add(url)
    return frozenset(over)


def _taken(run: int, paths: set[int]) -> Counter[int]:
    found: Counter[int] = Counter()
    for chunk in sql.chunks(sorted(paths)):
        found.update(dict(sql.select(COUNT.format(sql.marks(chunk)), [run, *chunk])))
    return found


COUNT = (
    "SELECT path_key, count(*) FROM crawler_request WHERE run_id = %s AND path_key IN ({}) "
    "AND path_key IS NOT NULL AND depth > 0 GROUP BY path_key"
)
