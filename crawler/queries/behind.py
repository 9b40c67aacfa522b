"""The stored pages on which records are completed, also where a run was redirected on the way to them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from django.db.models import Q

from crawler.models import Page, Request, Run, RunState, RunTrigger
from crawler.policy import redirects
from crawler.urls import BadUrl, Url, canonical, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")
KEYS: Final = 500
REDIRECTED: Final = "redirected"
MOST_LEADING: Final = 2_000
MOST_BEFORE: Final = 10
"""So many pages, redirects among them, are gone back from a page that changed."""


class Behind(NamedTuple):
    """Where a link leads, and the page that is stored there; None without one."""

    url: str
    page: Page | None


def pages(
    target: int, links: Iterable[tuple[int, str]], *, since: int | None
) -> dict[tuple[int, str], Behind]:
    """Return where links lead, each by its run and its URL; those that cannot be asked for are left out.

    A link leads where the run was redirected that fetched the page it is on, or else the newest one that
    followed links. With `since` pages count that this run or a later one fetched.
    """
    asked: dict[int, dict[str, Url]] = defaultdict(dict)
    for run, text in links:
        try:
            asked[run][text] = canonical(text)
        except BadUrl:
            continue
    found = {
        (run, text): Behind(place.text, None)
        for run, urls in asked.items()
        for text, place in _ends(run, urls).items()
    }
    found = _stored(target, found, since=since)
    lost = {link: asked[link[0]][link[1]] for link, behind in found.items() if behind.page is None}
    newest = _newest_whole(target) if lost else None
    if newest is None:
        return found
    ends = _ends(newest, {place.text: place for place in lost.values()})
    moved = {link: Behind(ends[place.text].text, None) for link, place in lost.items()}
    moved = _stored(target, moved, since=since)
    return found | {link: behind for link, behind in moved.items() if behind.page is not None}


def leading(run: Run) -> list[int]:
    """Return the pages that a run found changed, and those that led there in the newest whole run, by ids.

    Of both there are 2,000 at most.
    """
    since = run.created_at
    bodies = Q(changed_at__gte=since) | Q(body_at__gte=since)
    changed = Page.objects.filter(bodies, target=run.target_id, run=run.pk)
    keys = {pk: bytes(key) for pk, key in changed.order_by("pk").values_list("pk", "key")[:MOST_LEADING]}
    whole = _newest_whole(run.target_id) if keys else None
    before = _before(whole, list(keys.values())) if whole is not None else set()
    found = set(keys)
    for some in _chunks(sorted(before)):
        pages = Page.objects.filter(target=run.target_id, key__in=some)
        found.update(pages.order_by("pk").values_list("pk", flat=True))
    return sorted(found)


def _before(run: int, keys: Sequence[bytes]) -> set[bytes]:
    """Return the keys of the pages that led a run to these pages, over several, too."""
    of_run = Request.objects.filter(run=run)
    parents = {
        parent
        for some in _chunks(keys)
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
            row for some in _chunks(ids) for row in of_run.filter(pk__in=some).values_list("url", "parent")
        ]
        found.update(key_of(url) for url, _parent in rows)
        parents = {parent for _url, parent in rows}
    return found


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), KEYS):
        yield values[start : start + KEYS]


def _newest_whole(target: int) -> int | None:
    """Return the newest run of a target that followed links to the end."""
    runs = Run.objects.filter(target=target, state=RunState.FINISHED).exclude(trigger=RunTrigger.REFRESH)
    return runs.order_by("-pk").values_list("pk", flat=True).first()


def _ends(run: int, urls: dict[str, Url]) -> dict[str, Url]:
    """Return where a run was redirected in the end when it asked for these URLs, as far as it went there."""
    ends, ahead = dict(urls), dict(urls)
    for _hop in range(redirects.MAX_HOPS + 1):
        requests = _requests(run, sorted({place.key for place in ahead.values()}))
        there = {text: place for text, place in ahead.items() if place.key in requests}
        ends |= there
        moved = {text: requests[place.key] for text, place in there.items()}
        ahead = {text: place for text, place in moved.items() if place is not None}
        if not ahead:
            break
    return ends


def _requests(run: int, keys: Sequence[bytes]) -> dict[bytes, Url | None]:
    """Return those of the requests that a run has, each with where it was redirected."""
    found: dict[bytes, Url | None] = {}
    for some in _chunks(keys):
        rows = Request.objects.filter(run=run, key__in=some)
        for key, url, via, reason, leads_to in rows.values_list("key", "url", "via", "reason", "leads_to"):
            place = leads_to if reason == REDIRECTED else None
            found[bytes(key)] = redirects.request_behind(url, via=via, leads_to=place) if place else None
    return found


def _stored(
    target: int, found: dict[tuple[int, str], Behind], *, since: int | None
) -> dict[tuple[int, str], Behind]:
    """Return `found` with the pages that are stored where they lead."""
    keys = sorted({key_of(behind.url) for behind in found.values()})
    rows: dict[bytes, Page] = {}
    for some in _chunks(keys):
        there = Page.objects.filter(target=target, key__in=some)
        rows |= {bytes(row.key): row for row in (there if since is None else there.filter(run__gte=since))}
    return {link: behind._replace(page=rows.get(key_of(behind.url))) for link, behind in found.items()}
