"""Goes on with a replay: pages are read in a process of their own, compared, and counted in small commits.

What was counted stands in the replay's row together with how far it is, so that a crash costs nothing
and two that go on with the same one count nothing twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler import trials
from crawler.engine import records
from crawler.models import FINAL_REPLAY_STATES, Replay, ReplayState
from crawler.policy import replays as policy
from crawler.queries import replays as found
from crawler.queue import Work
from crawler.services import outbox
from crawler.stores import rewriting
from crawler.trials import Records, Unreadable
from scrapers.registry import InvalidScraper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from crawler.engine.work import ItemRecord
    from crawler.queries.stored_pages import Kept

BUDGET_SECONDS: Final = 20.0
COMMIT_PAGES: Final = 50
MOST_UNREAD: Final = 20
"""As many pages may fail before the first one is read."""

NONE_READ: Final = "none of the first {count} pages could be read: {message}"


@dataclass(frozen=True, slots=True)
class _Page:
    """A stored page with what came of reading it; None without a stored body."""

    kept: Kept
    read: Records | Unreadable | None


def advance(
    *,
    replay: int,
    now: datetime,
    budget_seconds: float = BUDGET_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Go on with a replay within the budget, and ask for the rest of it to be done after others' work."""
    began = monotonic()
    while step(replay=replay, now=now + timedelta(seconds=monotonic() - began)):
        if monotonic() - began >= budget_seconds:
            with transaction.atomic():
                outbox.post(Work.REPLAY, now=now, replay=replay)
            return


def step(*, replay: int, now: datetime) -> bool:
    """Read the next pages of a replay; return whether there are more. Raises CannotTry."""
    row = Replay.objects.filter(pk=replay).exclude(state__in=FINAL_REPLAY_STATES).first()
    if row is None:
        return False
    batch = found.next_pages(row)
    if not batch:
        _end(row, ReplayState.DONE, now=now)
        return False
    try:
        pages = _read(row, batch)
    except InvalidScraper as error:
        _end(row, ReplayState.FAILED, reason=str(error), now=now)
        return False
    for start in range(0, len(pages), COMMIT_PAGES):
        if not _commit(row, pages[start : start + COMMIT_PAGES], now=now):
            return False
    return True


def _read(row: Replay, batch: Sequence[Kept]) -> list[_Page]:
    """Return the first pages of `batch` with what came of reading them."""
    readable = [kept.page for kept in batch if kept.page is not None]
    before = None if row.settings == row.before else _scraper(row.before)
    told = iter(trials.records_of(_scraper(row.settings), readable, before=before) if readable else ())
    pages = []
    for kept in batch:
        read = next(told, None) if kept.page is not None else None
        if read is None and kept.page is not None:
            break
        pages.append(_Page(kept, read))
    return pages


def _scraper(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": settings["scraper"], **{key: settings[key] for key in ("options", "row", "fields")}}


def _commit(row: Replay, pages: Sequence[_Page], *, now: datetime) -> bool:
    """Count these pages, and store their records where the replay does; return whether it goes on.

    It does not when somebody else has counted them, or has cancelled it.
    """
    totals, samples = policy.Totals.of_json(row.totals), row.samples
    given = [(page, *_keyed(page, row, totals)) for page in pages]
    hashes = [record.key_hash for _, read, before in given for record in (*read, *before)]
    stored = found.stored(row.target_id, hashes)
    for page, read, before in given:
        if not isinstance(page.read, Records):
            _count_unread(page, totals)
            continue
        compared = tuple(_compared(page, read, before, stored))
        totals.add(compared)
        samples = policy.sample(samples, compared) or samples
    return _write(row, given, totals=totals, samples=samples, now=now)


Given = tuple[_Page, tuple["ItemRecord", ...], tuple["ItemRecord", ...]]


def _keyed(
    page: _Page, row: Replay, totals: policy.Totals
) -> tuple[tuple[ItemRecord, ...], tuple[ItemRecord, ...]]:
    """Return the records of a page, and those that the scraper of before gives."""
    if not isinstance(page.read, Records):
        return (), ()
    url = page.kept.row.url
    read, unkeyed = records.keyed(page.read.items, fields=row.settings["key"], url=url)
    before, _ = records.keyed(page.read.before or (), fields=row.before["key"], url=url)
    totals.unkeyed += unkeyed
    for problem in page.read.problems:
        totals.report(problem.code, problem.field or "", problem.message)
    return read, before


def _count_unread(page: _Page, totals: policy.Totals) -> None:
    if isinstance(page.read, Unreadable):
        totals.unread += 1
        totals.report(page.read.code, "", page.read.message)
    else:
        totals.bodiless += 1


def _compared(
    page: _Page,
    read: Sequence[ItemRecord],
    before: Sequence[ItemRecord],
    stored: Mapping[bytes, Mapping[str, Any]],
) -> Sequence[policy.Compared]:
    known = {record.key: stored[record.key_hash] for record in (*read, *before) if record.key_hash in stored}
    after = {record.key: found.decoded(record.data) for record in read}
    return tuple(policy.compare(url=page.kept.row.url, stored=known, read=after))


def _write(
    row: Replay,
    given: Sequence[Given],
    *,
    totals: policy.Totals,
    samples: list[dict[str, Any]],
    now: datetime,
) -> bool:
    last = given[-1][0].kept.row.pk
    values: dict[str, Any] = {"after": last, "totals": totals.as_json(), "beat_at": now}
    if samples is not row.samples:
        values["samples"] = samples
    if totals.pages == 0 and totals.unread >= MOST_UNREAD:
        said = NONE_READ.format(count=totals.unread, message=totals.problems[0][3])
        values |= {"state": ReplayState.FAILED, "reason": said[:600], "finished_at": now}
    else:
        values["state"] = ReplayState.RUNNING
    with transaction.atomic():
        ours = Replay.objects.filter(pk=row.pk, after=row.after).exclude(state__in=FINAL_REPLAY_STATES)
        if not ours.update(**values):
            return False
        if row.stores:
            rewriting.store(
                row.target_id, [(page.kept.row, read) for page, read, _ in given if read], now=now
            )
    row.after, row.totals, row.samples, row.state = last, values["totals"], samples, values["state"]
    return not row.is_over


def _end(row: Replay, state: ReplayState, *, now: datetime, reason: str = "") -> None:
    under_way = Replay.objects.filter(pk=row.pk, after=row.after).exclude(state__in=FINAL_REPLAY_STATES)
    under_way.update(state=state, reason=reason[:600], finished_at=now, beat_at=now)
