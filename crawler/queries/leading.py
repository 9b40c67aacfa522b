"""The stored pages that led to pages that a refresh found changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.models import Q

from crawler.models import Page, Request
from crawler.queries import behind
from crawler.urls import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.models import Run

MOST_LEADING: Final = 2_000
MOST_BEFORE: Final = 10
"""So many pages, redirects among them, are gone back from a page that changed."""


def to_changed(run: Run) -> list[int]:
    """Return the pages that a run found changed, and those that led there in the newest whole run, by ids.

    Of both there are 2,000 at most.
    """
    since = run.created_at
    bodies = Q(changed_at__gte=since) | Q(body_at__gte=since)
    changed = Page.objects.filter(bodies, target=run.target_id, run=run.pk)
    keys = {pk: bytes(key) for pk, key in changed.order_by("pk").values_list("pk", "key")[:MOST_LEADING]}
    whole = behind.newest_whole(run.target_id) if keys else None
    before = _before(whole, list(keys.values())) if whole is not None else set()
    found = set(keys)
    for some in behind.chunks(sorted(before)):
        pages = Page.objects.filter(target=run.target_id, key__in=some)
        found.update(pages.order_by("pk").values_list("pk", flat=True))
    return sorted(found)


def _before(run: int, keys: Sequence[bytes]) -> set[bytes]:
    """Return the keys of the pages that led a run to these pages, over several, too."""
    of_run = Request.objects.filter(run=run)
    parents = {
        parent
        for some in behind.chunks(keys)
        for parent in of_run.filter(key__in=some).values_list("parent", flat=True)
    }
    seen: set[int] = set()
    found: set[bytes] = set()
    for _page in range(MOST_BEFORE):
        ids = sorted({pk for pk in parents if pk is not None} - seen)[: MOST_LEADING - len(seen)]
        if not ids:
            break
        seen.update(ids)
        rows = [
            row
            for some in behind.chunks(ids)
            for row in of_run.filter(pk__in=some).values_list("url", "parent")
        ]
        found.update(key_of(url) for url, _parent in rows)
        parents = {parent for _url, parent in rows}
    return found
