"""The versions of one page, and how two of them differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crawler import trials
from crawler.models import Page, PageVersion
from crawler.policy.keeping import keeps_body
from crawler.queries import stored_pages, turns
from crawler.queries.paging import Listing, listing
from crawler.trials import StoredPage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from django.db.models import QuerySet

    from scrapers.comparing import Comparison

NOW: Final = "now"
"""The name of what a page is now, among the numbers of its earlier versions."""
LARGEST: Final = 2**63 - 1


class NotKept(LookupError):
    """A version that is not kept, or whose body is not; the message says which."""


class Incomparable(ValueError):
    """Two versions that cannot be compared; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a page was from when to when, or is: `number` and `ended_at` are None for what it is now.

    `run` is the last that saw it, `ended_by` the one that saw the next; `found_by` the one that saw it
    first, None where nobody kept which that was. `noise` are the kinds of noise of which alone the change
    consisted that it began with; `is_judged` unless that is still to be found out.
    """

    number: int | None
    page: int
    run: int
    found_by: int | None
    ended_by: int | None
    status: int
    content_type: str
    size: int
    body_hash: bytes
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    is_stored: bool
    before: str | None
    """The name of the version before it, None where there is none that is kept."""
    noise: tuple[str, ...] = ()
    is_judged: bool = True

    @property
    def name(self) -> str:
        return NOW if self.number is None else str(self.number)

    @property
    def hash(self) -> str:
        return self.body_hash.hex()


def page_of(page: Page, *, cursor: str | None = None, size: int = 50) -> Listing[Version]:
    """Return a page of the versions, newest first; the first begins with what is now. Raises BadCursor."""
    found = listing(_rows(page), order=("-id",), cursor=cursor, size=size)
    rows = list(found.rows)
    older = _rows(page).filter(pk__lt=rows[-1].pk).order_by("-id").first() if rows else None
    named: list[Page | PageVersion] = [*([page] if found.previous is None else []), *rows]
    chain = [*rows, older]
    if found.previous is not None:
        chain = chain[1:]
    stored = stored_pages.stored_among([bytes(row.body_hash) for row in named])
    versions = [_version(row, before, stored) for row, before in zip(named, chain, strict=True)]
    return Listing(rows=tuple(versions), next=found.next, previous=found.previous)


def find(page: Page, name: str) -> Version:
    """Return the version of this name: a number, or `now`. Raises NotKept."""
    row = _row(page, name)
    rows = _rows(page)
    older = (rows if isinstance(row, Page) else rows.filter(pk__lt=row.pk)).order_by("-id").first()
    return _version(row, older, stored_pages.stored_among([bytes(row.body_hash)]))


def body(page: Page, name: str) -> StoredPage:
    """Return the page as it was at a version. Raises NotKept."""
    row = _row(page, name)
    hash_ = bytes(row.body_hash)
    found = stored_pages.bodies([hash_])
    if hash_ not in found:
        raise NotKept("the body of this version was not stored")
    return StoredPage(page.url, {"content-type": row.content_type}, found[hash_])


def compare(page: Page, *, before: str, after: str, noise: Mapping[str, Any]) -> Comparison:
    """Return how the text changed from one version to another. Raises NotKept and Incomparable."""
    old, new = body(page, before), body(page, after)
    for stored in (old, new):
        if not keeps_body(stored.headers["content-type"]):
            raise Incomparable("only text is compared, and one of them is a picture or another file")
    try:
        with turns.taken():
            return trials.comparison_of(old, new, noise=noise)
    except turns.Busy as error:
        raise Incomparable(str(error)) from None
    except (trials.TookTooLong, MemoryError):
        raise Incomparable("these pages are too large or nested too deep to be compared") from None
    except trials.CannotTry:
        raise Incomparable("they cannot be compared just now; try again in a while") from None


def _rows(page: Page) -> QuerySet[PageVersion]:
    return PageVersion.objects.filter(target=page.target_id, page=page.pk)


def _row(page: Page, name: str) -> Page | PageVersion:
    if name == NOW:
        return page
    is_number = name.isascii() and name.isdecimal() and len(name) < 20 and int(name) <= LARGEST
    row: PageVersion | None = _rows(page).filter(pk=int(name)).first() if is_number else None
    if row is None:
        raise NotKept("this version is not kept any more")
    return row


def _version(row: Page | PageVersion, older: PageVersion | None, stored: set[bytes]) -> Version:
    """Return what is shown of a row; `older` is the version before it."""
    return Version(
        number=None if isinstance(row, Page) else row.pk,
        page=row.pk if isinstance(row, Page) else row.page_id,
        run=row.run,
        found_by=older.ended_by if older is not None else None,
        ended_by=None if isinstance(row, Page) else row.ended_by,
        status=row.status,
        content_type=row.content_type,
        size=row.size,
        body_hash=bytes(row.body_hash),
        began_at=(row.body_at or row.changed_at) if isinstance(row, Page) else row.began_at,
        seen_at=row.last_seen if isinstance(row, Page) else row.seen_at,
        ended_at=None if isinstance(row, Page) else row.ended_at,
        is_stored=bytes(row.body_hash) in stored,
        before=str(older.pk) if older is not None else None,
        noise=older.kinds if older is not None else (),
        is_judged=older is None or not older.awaits_judgement,
    )
