"""The stored pages on which records are completed, also where a run was redirected on the way to them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from crawler.models import Page, Request, Run, RunState, RunTrigger
from crawler.policy import redirects
from crawler.urls import BadUrl, Url, canonical, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")
KEYS: Final = 500
REDIRECTED: Final = "redirected"


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
    newest = newest_whole(target) if lost else None
    if newest is None:
        return found
    ends = _ends(newest, {place.text: place for place in lost.values()})
    moved = {link: Behind(ends[place.text].text, None) for link, place in lost.items()}
    moved = _stored(target, moved, since=since)
    return found | {link: behind for link, behind in moved.items() if behind.page is not None}


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield as many of the values at a time as a query takes."""
    for start in range(0, len(values), KEYS):
        yield values[start : start + KEYS]


def newest_whole(target: int) -> int | None:
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
    for some in chunks(keys):
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
    for some in chunks(keys):
        there = Page.objects.filter(target=target, key__in=some)
        rows |= {bytes(row.key): row for row in (there if since is None else there.filter(run__gte=since))}
    return {link: behind._replace(page=rows.get(key_of(behind.url))) for link, behind in found.items()}
