"""Records that are completed on further pages: which of them go on where, and which are kept from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.engine import records
from crawler.engine.work import GoingRecord, NewRequest
from crawler.errors import OUTSIDE
from crawler.policy import identity, keeping
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from crawler.engine.work import Claim, RunRules
    from crawler.http import Fetched
    from crawler.urls import Url
    from scrapers.links import Carried
    from scrapers.reader import Problem, Reading

    Split = tuple[tuple[NewRequest, ...], tuple[tuple[str, str], ...], tuple[GoingRecord, ...]]

BAD_URL = "its link is none that can be asked for"
UNREADABLE = "its page could not be read"
UNREAD = "reading it takes more memory than a page may"


def resuming(rules: RunRules, carried: Sequence[tuple[int, Carried]], *, again: bool) -> RunRules:
    """Return `rules` that read a page for the records that were carried to it, too."""
    resume = rules.resume
    if resume is None:
        return rules
    here = [record for _id, record in carried]

    def read(page: Fetched) -> Reading:
        return resume(page, here, again)

    return replace(rules, read=read)


def with_unread(reading: Reading, carried: Sequence[tuple[int, Carried]]) -> Reading:
    """Return `reading`; where it did not get to the records that were carried here, they go no further.

    That is so where not even the beginning of the page could be read.
    """
    if not carried or reading.completed:
        return reading
    left = tuple([replace(record, refusal=UNREAD) for _id, record in carried])
    return replace(reading, follows=(*reading.follows, *left))


def left(records_here: Iterable[Carried], *, because: Problem) -> tuple[GoingRecord, ...]:
    """Return records as they go no further than the page that cannot be read for them."""
    return tuple(_going(record, None, f"{UNREADABLE}: {because.message}") for record in records_here)


def split(claim: Claim, reading: Reading, *, known: AbstractSet[bytes]) -> Split:
    """Return the links of a page to follow, those outside, and the records that go on.

    A page that completes a record is asked for as the next page of a list is: within the start URLs' sites,
    whatever depth and patterns say. A run that follows no links leaves these records as whole runs left them.
    """
    found, outside = records.links_of(claim, reading, known=known)
    if not reading.follows or not claim.rules.follow:
        return found, outside, ()
    landing, depth = records.landing_of(claim), claim.depth + 1
    scope = claim.rules.scope.joined(canonical(landing)) if landing else claim.rules.scope
    going: list[GoingRecord] = []
    pages: dict[bytes, NewRequest] = {}
    for record in reading.follows:
        url = records.canonical_or_none(record.url)
        outside_of = scope.refusal(url, depth=depth, continues=True) if url is not None else None
        why = record.refusal or (
            BAD_URL if url is None else f"its page {OUTSIDE[outside_of]}" if outside_of else ""
        )
        going.append(_going(record, url, why))
        if url is not None and not why and url.key not in known:
            pages.setdefault(url.key, NewRequest(url=url, depth=depth))
    for link in found:
        pages.pop(link.url.key, None)
    return (*found, *pages.values()), outside, tuple(going)


def kept_from(going: Iterable[GoingRecord], refused: Iterable[tuple[str, str]]) -> tuple[GoingRecord, ...]:
    """Return the records, those not going on whose pages were `refused`, by reason and URL."""
    reasons = {url: reason for reason, url in refused}
    return tuple(
        replace(record, refusal=f"its page {OUTSIDE[reasons[record.url]]}")
        if record.url in reasons and not record.refusal
        else record
        for record in going
    )


def _going(record: Carried, url: Url | None, refusal: str) -> GoingRecord:
    data = identity.encode(record.data)
    told = b"\n".join((record.callback.encode(), data))
    return GoingRecord(
        url=url.text if url is not None else keeping.storable(record.url[: records.LONGEST_SAMPLE]),
        key=url.key if url is not None else b"",
        origin=url.origin if url is not None else "",
        callback=record.callback,
        data=data,
        digest=identity.digest(told),
        partial=record.partial,
        level=record.level,
        refusal=refusal,
    )
