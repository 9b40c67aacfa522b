"""The stored pages that records of a target stand on: where they begin, and behind the links they follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.models import Page, Request, Run, RunState
from crawler.queries import behind
from crawler.urls import BadUrl, canonical, key_of
from scrapers.suggesting import nesting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Record = tuple[str, Mapping[str, Any]]

MOST_RUNS: Final = 10
KEYS: Final = 500


def pages(run: Run, link: str, records: Sequence[Record], *, since: int) -> list[Page | None]:
    """Return for each record, by its URL and what it says, the page of it that a run since `since` fetched.

    That is the one behind `link`; without a link the one on which the record begins, where its page was
    found that is followed first. Records of one page have no other.
    """
    fields = run.target.fields
    if link:
        asked = [(run.pk, str(data.get(link) or "")) for _url, data in records]
        there = behind.pages(run.target_id, sorted(set(asked)), since=since)
        return [there[one].page if one in there else None for one in asked]
    if nesting.links(fields):
        urls = _beginnings(run, [str(data.get(_first(fields)) or "") for _url, data in records], since=since)
    else:
        urls = [url for url, _data in records]
    rows = _stored(run.target_id, {key_of(url) for url in urls if url}, since=since)
    return [rows.get(key_of(url)) if url else None for url in urls]


def _first(fields: Mapping[str, Any]) -> str:
    """Return the field that is followed from the page on which records begin."""
    return next((link for link in nesting.links(fields) if not nesting.link_of(fields, link)), "")


def _beginnings(run: Run, links: Sequence[str], *, since: int) -> list[str]:
    """Return the pages on which runs found these links first, the run itself or the one that last knew them.

    A run whose links are broken may not have asked for them: the last whole one before did.
    """
    keys = {link: key for link in set(links) if (key := _key(link)) is not None}
    found: dict[bytes, str] = {}
    for one in _runs(run, since=since):
        left = sorted(set(keys.values()) - found.keys())
        if left:
            found |= _found_on(one, left)
    return [found.get(keys[link], "") if link in keys else "" for link in links]


def _runs(run: Run, *, since: int) -> list[int]:
    runs = Run.objects.filter(target=run.target_id).order_by("-pk")
    held = runs.filter(pk__gte=since, pk__lte=run.pk).values_list("pk", flat=True)[:MOST_RUNS]
    whole = runs.whole().filter(state=RunState.FINISHED, pk__lt=since).values_list("pk", flat=True)[:1]
    return [*held, *whole]


def _found_on(run: int, keys: Sequence[bytes]) -> dict[bytes, str]:
    """Return the URLs of the pages that led a run to these."""
    of_run = Request.objects.filter(run=run)
    parents = {
        bytes(key): parent
        for some in _chunks(keys)
        for key, parent in of_run.filter(key__in=some).values_list("key", "parent")
        if parent is not None
    }
    ids = sorted(set(parents.values()))
    urls = {
        pk: url
        for start in range(0, len(ids), KEYS)
        for pk, url in of_run.filter(pk__in=ids[start : start + KEYS]).values_list("pk", "url")
    }
    return {key: urls[parent] for key, parent in parents.items() if parent in urls}


def _stored(target: int, keys: Iterable[bytes], *, since: int) -> dict[bytes, Page]:
    of_target = Page.objects.filter(target=target, run__gte=since)
    return {
        bytes(page.key): page
        for some in _chunks(sorted(keys))
        for page in of_target.filter(key__in=some).order_by("pk")
    }


def _key(url: str) -> bytes | None:
    try:
        return canonical(url).key
    except BadUrl:
        return None


def _chunks(keys: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    return (keys[start : start + KEYS] for start in range(0, len(keys), KEYS))
