"""What a page that was read becomes: links to follow and links outside, items with keys, a page's row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crawler.engine.work import ItemRecord, NewRequest, PageRecord, ProblemRecord
from crawler.errors import MORE_PROBLEMS
from crawler.frontier.traps import TOO_LONG
from crawler.http import Headers
from crawler.policy import identity, keeping
from crawler.urls import MAX_LENGTH, BadUrl, Url, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from crawler.engine.work import Claim, Validators
    from crawler.http import Fetched
    from scrapers.reader import Problem, Reading

MOST_KINDS_A_PAGE = 50
LONGEST_SAMPLE = 4_000
LONGEST_KEPT = 512
MOST_KEPT = 32_768
KEY_MISSING = ("key_missing", "key")


def links_of(
    claim: Claim, reading: Reading, *, known: AbstractSet[bytes] = frozenset()
) -> tuple[tuple[NewRequest, ...], tuple[tuple[str, str], ...]]:
    """Split a page's links into those to follow and those outside, each with the reason.

    Those whose key is among the `known` are neither; a run that follows none has none.
    """
    if not claim.rules.follow:
        return (), ()
    landing, depth = landing_of(claim), claim.depth + 1
    scope = claim.rules.scope.joined(canonical(landing)) if landing else claim.rules.scope
    found: list[NewRequest] = []
    outside: list[tuple[str, str]] = []
    for link in reading.links:
        url = _kept[link.url]
        if url is None:
            if len(link.url) > MAX_LENGTH:
                outside.append((TOO_LONG, keeping.storable(link.url[:LONGEST_SAMPLE])))
            continue
        if url.key in known:
            continue
        deep = claim.depth if link.continues else depth
        refusal = scope.refusal(url, depth=deep, continues=link.continues)
        if refusal is None:
            found.append(NewRequest(url=url, depth=deep))
        else:
            outside.append((refusal, url.text))
    return tuple(found), tuple(outside)


def canonical_or_none(url: str) -> Url | None:
    """Return `url` as it is asked for, None where it cannot be; only short ones are remembered."""
    return _kept[url]


class _Kept(dict[str, "Url | None"]):
    """URLs as they are asked for; all are forgotten once these have become too many.

    To find thirty links known takes 12 µs; with an lru_cache, which moves each in a list, it took 18.
    """

    def __missing__(self, url: str) -> Url | None:
        try:
            found = canonical(url)
        except BadUrl:
            found = None
        if len(url) <= LONGEST_KEPT:
            if len(self) >= MOST_KEPT:
                self.clear()
            self[url] = found
        return found


_kept = _Kept()


def landing_of(claim: Claim) -> str | None:
    """Return the claim's URL when a start URL led there, out of the scope: its links are followed then."""
    if not claim.is_start or claim.rules.scope.covers(canonical(claim.url)):
        return None
    return claim.url


def items_of(claim: Claim, reading: Reading) -> tuple[tuple[ItemRecord, ...], int]:
    """Return the page's records with their keys, and how many lacked a key field and are not kept.

    Each record that was completed here has a key of its own kind: it is one however many others are.
    """
    fields, url = claim.rules.key_fields, claim.url
    found, unkeyed = keyed([scraped.data for scraped in reading.items], fields=fields, url=url)
    for completed in reading.completed:
        more, lacking = keyed([scraped.data for scraped in completed], fields=fields, url=url)
        found, unkeyed = (*found, *more), unkeyed + lacking
    return found, unkeyed


def keyed(
    items: Sequence[Mapping[str, Any]], *, fields: Sequence[str], url: str
) -> tuple[tuple[ItemRecord, ...], int]:
    """Return records of the page at `url` with their keys, and how many lacked one of the key's `fields`."""
    records: list[ItemRecord] = []
    several = len(items) > 1
    for data in items:
        key = identity.item_key(data, fields=fields, url=url, several=several)
        if key is None:
            continue
        records.append(
            ItemRecord(
                key=key,
                key_hash=identity.digest(key.encode()),
                data=identity.encode(data),
                content_hash=identity.content_hash(data),
            )
        )
    return tuple(records), len(items) - len(records)


def lacking(record: ItemRecord) -> ItemRecord:
    """Return a record as one that lacks a page."""
    return replace(record, said=record.data)


def with_data(record: ItemRecord, data: Mapping[str, Any]) -> ItemRecord:
    """Return a record under the same key that says `data`."""
    return replace(record, data=identity.encode(data), content_hash=identity.content_hash(data))


def problems_of(problems: Sequence[Problem], *, unkeyed: int = 0) -> tuple[ProblemRecord, ...]:
    """Add a page's problems up by code and field; `unkeyed` of its items lacked a key field.

    A page that names ever new ones cannot fill the memory: beyond the bound they are one kind.
    """
    if not problems and not unkeyed:
        return ()
    first: dict[tuple[str, str], str] = {}
    counts: dict[tuple[str, str], int] = {}
    if unkeyed:
        first[KEY_MISSING] = "items lack a key field and are not stored"
        counts[KEY_MISSING] = unkeyed
    for problem in problems:
        kind = (problem.code, problem.field or "")
        if kind not in counts and len(counts) >= MOST_KINDS_A_PAGE:
            kind = (MORE_PROBLEMS, "")
        first.setdefault(kind, problem.message)
        counts[kind] = counts.get(kind, 0) + 1
    return tuple(
        ProblemRecord(
            code=keeping.storable(code)[: keeping.LONGEST_CODE],
            field=keeping.storable(field)[: keeping.LONGEST_FIELD],
            count=count,
            message=keeping.storable(first[code, field])[: keeping.LONGEST_MESSAGE],
        )
        for (code, field), count in counts.items()
    )


def page_of(
    page: Fetched, reading: Reading, *, unchanged: bool, kept_types: tuple[str, ...] = ()
) -> PageRecord:
    """Return what a visit learnt of its page; without the body when the stored one still holds.

    What only `kept_types` keep may not have been stored at an earlier visit: it is given again.
    """
    content_type = page.headers.get("content-type", "")
    keeps = keeping.keeps_body(content_type) and not unchanged
    if kept_types and not keeps:
        keeps = not keeping.keeps_body(content_type) and keeping.keeps_body(content_type, also=kept_types)
    return PageRecord(
        status=page.status,
        content_type=keeping.storable(content_type)[: keeping.LONGEST_TYPE],
        title=keeping.storable(reading.facts.title or "")[: keeping.LONGEST_TITLE],
        etag=keeping.whole(page.headers.get("etag", ""), longest=keeping.LONGEST_VALIDATOR),
        last_modified=keeping.whole(page.headers.get("last-modified", ""), longest=keeping.LONGEST_DATE),
        noindex=reading.facts.noindex,
        canonical=_canonical_of(page, reading),
        hints=keeping.hints(page.headers),
        body=page.body if keeps else None,
        body_hash=identity.digest(page.body),
        size=len(page.body),
    )


def revived(headers: Headers, known: Validators) -> Headers:
    """Return the headers of a stored page that a 304 with `headers` found unchanged: its own ones win."""
    stored = [("etag", known.etag), ("last-modified", known.last_modified)]
    for line in known.hints.splitlines():
        name, _, value = line.partition(": ")
        stored.append((name, value))
    kept = [(name, value) for name, value in stored if value and name not in headers]
    return Headers([("content-type", known.content_type), *headers, *kept])


def _canonical_of(page: Fetched, reading: Reading) -> str:
    """Return what the page is to be known by when that is not its own URL; else nothing."""
    named = reading.facts.canonical
    url = canonical_or_none(named) if named else None
    return keeping.storable(url.text) if url is not None and url.text != page.url else ""
