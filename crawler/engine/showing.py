"""What a test fetch shows of a page: the answer, and what a run would make of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from crawler.engine import findings, records
from crawler.engine.findings import Dropped, Hop, Links, Record, Response, Shown, Trouble
from crawler.errors import RobotsForbidden, explain
from crawler.policy import identity
from scrapers.reader import Problem, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.engine.work import Claim, ItemRecord
    from crawler.http import Fetched, Headers
    from crawler.urls import Url
    from scrapers.links import Carried

    Forbids = Callable[[Url], str | None]

SHOWN_HEADERS = (
    "cache-control", "content-encoding", "content-language", "content-length", "content-type", "date", "etag",
    "last-modified", "link", "location", "retry-after", "server", "vary", "x-robots-tag",
)  # fmt: skip
"""Those that say how a page is crawled; cookies and the like are nobody's business."""


def shown(
    claim: Claim,
    page: Fetched,
    hops: list[Hop],
    *,
    reading: Reading | Problem | None,
    text: str,
    forbids: Forbids,
) -> Shown:
    """Return what is to be shown of `page`, the answer to `claim` after `hops`.

    `reading` is a problem where the page could not be read, and None where its status says that it
    is no page. `forbids` returns why robots.txt keeps a run from a URL, as far as that is known.
    """
    response = _response(claim, page, hops)
    text = text[: findings.TEXT_CHARACTERS]
    match reading:
        case Reading():
            return _with_reading(response, text, claim, reading, forbids)
        case Problem(code=code, message=message):
            return _without_reading(response, text, Trouble(code=code, message=message))
        case None:
            code = f"status-{page.status}"
            return _without_reading(response, text, Trouble(code=code, message=explain(code)))


def _response(claim: Claim, page: Fetched, hops: list[Hop]) -> Response:
    return Response(
        url=hops[0].url if hops else claim.url,
        final_url=claim.url,
        status=page.status,
        content_type=page.headers.get("content-type", ""),
        size=len(page.body),
        seconds=round(page.elapsed_seconds, 3),
        hops=tuple(hops),
        headers=_headers(page.headers),
    )


def _headers(headers: Headers) -> dict[str, str]:
    return {name: headers.joined(name) for name in SHOWN_HEADERS if name in headers}


def _without_reading(response: Response, text: str, trouble: Trouble) -> Shown:
    return Shown(response=response, links=Links(), problems=(trouble,), problems_count=1, text=text)


def _with_reading(response: Response, text: str, claim: Claim, reading: Reading, forbids: Forbids) -> Shown:
    items, unkeyed = records.items_of(claim, reading)
    problems = [Trouble(code=said.code, message=said.message, field=said.field) for said in reading.problems]
    if unkeyed:
        code, field = records.KEY_MISSING
        message = f"{unkeyed} of {len(reading.items)} items lack a key field and would not be stored"
        problems.insert(0, Trouble(code=code, message=message, field=field))
    going = [_on_its_way(record, claim) for record in reading.follows[: findings.MOST_ITEMS]]
    first = [*going, *(Record(key=item.key, data=orjson.loads(item.data)) for item in items)]
    return Shown(
        response=response,
        links=_links(claim, reading, forbids),
        items=tuple(first[: findings.MOST_ITEMS]),
        items_count=len(items) + len(reading.follows),
        follows_count=len(reading.follows),
        problems=tuple(problems[: findings.MOST_PROBLEMS]),
        problems_count=len(problems),
        facts=reading.facts,
        text=text,
    )


def _on_its_way(record: Carried, claim: Claim) -> Record:
    """Return a record as it is before its further pages are read: its key may stand on one of them."""
    key = identity.item_key(record.data, fields=claim.rules.key_fields, url=record.url, several=False)
    return Record(key=key or "", data=record.data)


def completed(before: Shown, items: Sequence[ItemRecord], pages: Sequence[str]) -> Shown:
    """Return what is shown with the first record as its further `pages` completed it."""
    whole = tuple(Record(key=item.key, data=orjson.loads(item.data)) for item in items)
    shown = (*whole, *before.items[1:])[: findings.MOST_ITEMS]
    count = before.items_count - 1 + len(whole)
    return replace(before, items=shown, items_count=count, completed_on=tuple(pages))


def with_problems(before: Shown, found: Sequence[Problem]) -> Shown:
    """Return what is shown with further problems, the new ones first."""
    told = tuple(Trouble(code=said.code, message=said.message, field=said.field) for said in found)
    problems = (*told, *before.problems)[: findings.MOST_PROBLEMS]
    return replace(before, problems=problems, problems_count=before.problems_count + len(told))


def _links(claim: Claim, reading: Reading, forbids: Forbids) -> Links:
    """Sort the links; those that robots.txt forbids are counted together and each shown with its rule."""
    found, outside = records.links_of(claim, reading)
    urls = dict.fromkeys(link.url for link in found)
    forbidden = {url.text: refusal for url in urls if (refusal := forbids(url)) is not None}
    followed = [url.text for url in urls if url.text not in forbidden]
    dropped = dict.fromkeys(outside)
    counts = Counter(reason for reason, _url in dropped)
    if forbidden:
        counts[RobotsForbidden.code] = len(forbidden)
    samples = [*((refusal, url) for url, refusal in forbidden.items()), *dropped]
    return Links(
        followed=tuple(followed[: findings.MOST_LINKS]),
        followed_count=len(followed),
        dropped=dict(counts),  # a Counter does not survive asdict
        samples=tuple(Dropped(reason=reason, url=url) for reason, url in samples[: findings.MOST_SAMPLES]),
    )
