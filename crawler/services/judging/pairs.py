"""Which changes of pages await a judgement, and what the pages were before and after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crawler.models import Page, PageVersion
from crawler.policy.keeping import keeps_body
from crawler.queries import stored_pages
from crawler.trials import StoredPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

AT_ONCE: Final = 50
MOST_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Pair:
    """A change, by the number of the version that it ended; no `pages` where these cannot be compared."""

    version: int
    pages: tuple[StoredPage, StoredPage] | None


@dataclass(frozen=True, slots=True)
class _Change:
    """What a page was and what it became, one row each."""

    page: Page
    before: PageVersion
    after: Page | PageVersion

    @property
    def size(self) -> int:
        return self.before.size + self.after.size

    @property
    def is_comparable(self) -> bool:
        """Whether both are text with the same answer: another one is more than noise."""
        sides = (self.before, self.after)
        return self.before.status == self.after.status and all(keeps_body(one.content_type) for one in sides)


def targets() -> list[int]:
    """Return the targets that have changes which await a judgement."""
    waiting = PageVersion.objects.filter(awaits_judgement=True, target__deleted_at=None)
    return sorted(waiting.order_by().values_list("target", flat=True).distinct())


def of_target(target: int, *, to_compare: bool = True) -> list[Pair]:
    """Return a target's next changes that await a judgement, in their order: as many as have room at once.

    Where nothing is `to_compare`, as all of them count, no page is read.
    """
    waiting = PageVersion.objects.filter(target=target, awaits_judgement=True).order_by("id")[:AT_ONCE]
    if not to_compare:
        return [Pair(version, None) for version in waiting.values_list("pk", flat=True)]
    changes = list(_within(MOST_BYTES, _changes(list(waiting))))
    comparable = [change for change in changes if change.is_comparable]
    hashes = {bytes(side.body_hash) for change in comparable for side in (change.before, change.after)}
    bodies = stored_pages.bodies(sorted(hashes))
    return [
        Pair(change.before.pk, _stored(change, bodies) if change.is_comparable else None)
        for change in changes
    ]


def _changes(waiting: list[PageVersion]) -> Iterator[_Change]:
    """Yield what pages were and became.

    A page is read before its versions are looked at: where none came after one, what it became is what
    the page was then.
    """
    pages = Page.objects.in_bulk({row.page_id for row in waiting})
    for before in waiting:
        if (page := pages.get(before.page_id)) is not None:
            later = PageVersion.objects.filter(target=before.target_id, page=before.page_id, pk__gt=before.pk)
            yield _Change(page, before, later.order_by("id").first() or page)


def _within(room: int, changes: Iterable[_Change]) -> Iterator[_Change]:
    """Yield the first changes, as many as have room; one at least."""
    for place, change in enumerate(changes):
        room -= change.size
        if room < 0 and place:
            return
        yield change


def _stored(change: _Change, bodies: Mapping[bytes, bytes]) -> tuple[StoredPage, StoredPage] | None:
    before, after = (_side(change.page, side, bodies) for side in (change.before, change.after))
    return (before, after) if before is not None and after is not None else None


def _side(page: Page, side: Page | PageVersion, bodies: Mapping[bytes, bytes]) -> StoredPage | None:
    body = bodies.get(bytes(side.body_hash))
    return StoredPage(page.url, {"content-type": side.content_type}, body) if body is not None else None
