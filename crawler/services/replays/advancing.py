"""Goes on with a replay: pages are read in processes of their own, compared, and counted in small commits.

What was counted stands in the replay's row together with how far it is, so that a crash costs nothing.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler.models import Replay, ReplayState
from crawler.policy import replays as policy
from crawler.queries import replays as found
from crawler.queue import Work
from crawler.services import outbox
from crawler.services.replays import claiming, earlier, giving, joining, reading
from crawler.services.replays.giving import ReadPage
from crawler.services.replays.joining import Joined, TooMuch
from crawler.stores import filling, rewriting, sql
from crawler.trials import Records, Unreadable
from scrapers.registry import InvalidScraper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from crawler.services.replays.claiming import Claim
    from crawler.services.replays.giving import Given
    from scrapers.links import Carried

BUDGET_SECONDS: Final = 20.0
COMMIT_PAGES: Final = 50
COMMIT_RECORDS: Final = 250
"""As many records that go on are completed, and stored, at a time; those of one page may be more."""
FOLLOWED_PAGES: Final = 200
"""As many pages are read at a time where records go on: when time is up some are read in vain."""
MOST_UNREAD: Final = 20
"""As many pages may fail before the first one is read."""

NONE_READ: Final = "none of the first {count} pages could be read: {message}"


TOO_LARGE: Final = Unreadable("item_too_large", "the records of this page are too large to compare")


def advance(
    *,
    replay: int,
    now: datetime,
    budget_seconds: float = BUDGET_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Go on with a replay within the budget, and ask for the rest of it to be done after others' work."""
    began = monotonic()

    def is_up() -> bool:
        return monotonic() - began >= budget_seconds

    while step(replay=replay, now=now + timedelta(seconds=monotonic() - began), is_up=is_up):
        if is_up():
            with transaction.atomic():
                outbox.post(Work.REPLAY, now=now, replay=replay)
            return


def step(*, replay: int, now: datetime, is_up: Callable[[], bool] = lambda: False) -> bool:
    """Read the next pages of a replay, fewer when time `is_up`; return whether to go on.

    That is not so at its end, and where somebody else does the next step. Raises CannotTry.
    """
    with claiming.claimed(replay, now=now) as claim:
        if claim is None:
            return False
        try:
            return _step(claim, is_up)
        except InvalidScraper as error:
            claim.end(ReplayState.FAILED, reason=str(error))
            return False


def _step(claim: Claim, is_up: Callable[[], bool]) -> bool:
    row, most, now = claim.row, COMMIT_PAGES, claim.now()
    batch = found.next_pages(row, most=FOLLOWED_PAGES if reading.follows(row.settings) else None)
    if not batch and row.earlier:
        return earlier.step(claim, is_up)
    if not batch:
        claim.end(ReplayState.DONE)
        return False
    pages = reading.read(row, batch)
    while pages:
        some = _some(pages, most=most)
        whole = _completed(row, some, now=now)
        if len(whole) < len(some):
            most = len(whole)  # as much was too much: it is not to be read in vain for the next ones, too
        if not _commit(claim, whole, read_at=now):
            return False
        pages = pages[len(whole) :]
        if is_up():
            break
    return True


def _some(pages: Sequence[ReadPage], *, most: int) -> list[ReadPage]:
    """Return the first pages, one at least and so many at most, as far as there is room in a commit."""
    some: list[ReadPage] = []
    going = 0
    for page in pages[:most]:
        going += len(_going_on(page)) + len(_going_on(page, before=True))
        if some and going > COMMIT_RECORDS:
            break
        some.append(page)
    return some


def _going_on(page: ReadPage, *, before: bool = False) -> Sequence[Carried]:
    if not isinstance(page.read, Records):
        return ()
    return page.read.followed_before if before else page.read.follows


def _completed(row: Replay, pages: Sequence[ReadPage], *, now: datetime) -> list[ReadPage]:
    """Return the first of `pages`, which are stored `now`, one at least, with their records completed."""
    try:
        joined = _joined(row, pages)
        before = _joined(row, pages, before=True)
        then = _then(row, pages, now=now)
    except TooMuch:
        if len(pages) > 1:
            return _completed(row, pages[: max(1, len(pages) // 4)], now=now)
        return [ReadPage(pages[0].kept, TOO_LARGE)]
    return [
        ReadPage(page.kept, page.read, *found_)
        for page, *found_ in zip(pages, joined, before, then, strict=True)
    ]


def _joined(row: Replay, pages: Sequence[ReadPage], *, before: bool = False) -> list[Joined]:
    starts = [(page.row, _going_on(page, before=before)) for page in pages]
    settings = reading.scraper_of(row.before if before else row.settings)
    return joining.join(starts, settings=settings, since=row.of_run, alone_seconds=_alone_seconds(row))


def _alone_seconds(row: Replay) -> float | None:
    """Return how long one page's records may take at a time, None where that is as long as usual."""
    return joining.OF_THREE_SECONDS if row.earlier else None


def _then(row: Replay, pages: Sequence[ReadPage], *, now: datetime) -> list[Joined]:
    """Return what became of records by what the pages behind were before, while these were what they are."""
    if not row.earlier:
        return [Joined() for _ in pages]
    starts = [(page.row, _going_on(page)) for page in pages]
    at = [earlier.now_of(page, now=now) for page in pages]
    return earlier.joined(row, starts, at, alone_seconds=_alone_seconds(row))


def _commit(claim: Claim, pages: Sequence[ReadPage], *, read_at: datetime) -> bool:
    """Count these pages, and store their records where the replay does; return whether it goes on.

    It does not when somebody else has counted them, or has cancelled it.
    """
    row = claim.row
    totals, samples = policy.Totals.of_json(row.totals), row.samples
    given = giving.given(row, pages, totals)
    stored = found.stored(row.target_id, [hash_ for one in given for hash_ in one.hashes()])
    for one in given:
        if not giving.counted(one.page, totals):
            continue
        compared = one.compared(stored)
        totals.add(compared)
        samples = policy.sample(samples, compared) or samples
    values: dict[str, Any] = {"samples": samples}
    if row.earlier:
        then = earlier.Found(row, samples)
        told = then.add([(earlier.now_of(page, now=read_at), page) for page in pages])
        values = {"samples": then.samples, "earlier_totals": then.totals.as_json()}
        if not earlier.fill(claim, told):
            return False
    return _write(claim, given, stored, totals=totals, values=values)


def _write(
    claim: Claim,
    given: Sequence[Given],
    stored: Mapping[bytes, Mapping[str, Any]],
    *,
    totals: policy.Totals,
    values: dict[str, Any],
) -> bool:
    row, now = claim.row, claim.now()
    values |= {"after": given[-1].page.row.pk, "totals": totals.as_json()}
    if values["samples"] is row.samples:
        del values["samples"]
    if totals.pages == 0 and totals.unread >= MOST_UNREAD:
        said = NONE_READ.format(count=totals.unread, message=totals.problems[0][3])
        values |= {"state": ReplayState.FAILED, "reason": said[:600], "finished_at": now}
    else:
        values["state"] = ReplayState.RUNNING

    def write() -> bool:
        if not claim.write(now=now, **values):
            return False
        if row.stores:
            reread = [some for one in given for some in giving.to_store(row, one, stored) if some.records]
            kept = rewriting.store(row.target_id, reread, now=now)
            if row.earlier:
                filling.fill(row.target_id, [told for one in given for told in one.told(kept, until=now)])
        return True

    if not sql.atomically(write):  # a run that writes the same pages may be let through first
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return not row.is_over
