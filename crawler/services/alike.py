"""Makes fingerprints of the stored pages of a target, in bounded steps, for whoever looks for near copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crawler import trials
from crawler.models import Page, PageFingerprint
from crawler.queries import stored_pages
from crawler.queries.alike import SIGN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapers.comparing.simhash import Fingerprint

AT_ONCE: Final = 200
MOST_BYTES: Final = 16 << 20
LOOKED_AT: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a step came: the last page it has seen to, None once there are no more; what it made."""

    after: int | None
    made: int


def step(target: int, *, after: int = 0) -> Step:
    """Make fingerprints of the next pages after this one, for some seconds at most. Raises CannotTry.

    Bodies that have one are passed over; one that cannot be read gets an empty one, and is not tried again.
    """
    rows = list(Page.objects.filter(target=target, pk__gt=after).order_by("pk")[:LOOKED_AT])
    if not rows:
        return Step(after=None, made=0)
    known = _known([bytes(row.body_hash) for row in rows])
    waiting = [row for row in rows if bytes(row.body_hash) not in known]
    chosen = stored_pages.kept(_bounded(waiting[:AT_ONCE]))
    pages = [kept.page for kept in chosen if kept.page is not None]
    made = trials.fingerprints_of(pages) if pages else []
    _store([bytes(kept.row.body_hash) for kept in chosen if kept.page is not None], made)
    if len(made) < len(pages):
        undone = [kept for kept in chosen if kept.page is not None][len(made)]
        return Step(after=undone.row.pk - 1, made=len(made))
    left = [row.pk for row in waiting[len(chosen) :]]
    return Step(after=left[0] - 1 if left else rows[-1].pk, made=len(made))


def _known(hashes: Sequence[bytes]) -> set[bytes]:
    found = PageFingerprint.objects.filter(body_hash__in=hashes).values_list("body_hash", flat=True)
    return set(map(bytes, found))


def _bounded(rows: Sequence[Page]) -> list[Page]:
    """Return the first pages, as many as have room in one process; one at least."""
    room = MOST_BYTES
    chosen: list[Page] = []
    for row in rows:
        room -= row.size
        if room < 0 and chosen:
            break
        chosen.append(row)
    return chosen


def _store(hashes: Sequence[bytes], made: Sequence[Fingerprint | None]) -> None:
    rows = {
        hash_: PageFingerprint(
            body_hash=hash_,
            simhash=_signed(found.bits) if found else 0,
            words=found.words if found else 0,
        )
        for hash_, found in zip(hashes, made, strict=False)
    }
    PageFingerprint.objects.bulk_create([rows[hash_] for hash_ in sorted(rows)], ignore_conflicts=True)


def _signed(bits: int) -> int:
    """Return the number whose 64 bits these are."""
    return bits - SIGN if bits >= SIGN >> 1 else bits
