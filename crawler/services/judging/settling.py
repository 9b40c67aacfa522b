"""Stores what was judged of changes, and takes back what was said of pages that changed in noise alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db.models import F, Q

from crawler.models import Page, PageVersion, Run
from crawler.policy.refresh import rates
from crawler.services.refresh.reading import COLUMNS, Known, interval_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from crawler.models import RefreshPlan

DATED = ("changed_at", "body_at")
CORRECTED = ("changes", "unchanged_seconds", "changed_seconds", "changed_squares", "refresh_at")


def settle(target: int, verdicts: Iterable[tuple[int, tuple[str, ...]]], plan: RefreshPlan | None) -> int:
    """Store verdicts in the caller's transaction, each where nobody has yet; return how many.

    They are the numbers of the versions that changes ended, with the kinds of noise. Pages are locked in
    the order in which crawls lock them, and runs after them. A change is settled after those before it.
    One that was noise when it was judged before stays that, and is corrected no second time.
    """
    judged = dict(verdicts)
    of_noise = [version for version, noise in judged.items() if noise]
    rows = PageVersion.objects.filter(target=target, awaits_judgement=True)
    named = rows.filter(Q(pk__in=of_noise) | ~Q(noise=""), pk__in=list(judged)).values("page")
    locked = {page.pk: page for page in Page.objects.select_for_update().filter(pk__in=named).order_by("key")}
    settled, by_run = 0, Counter[int]()
    for row in rows.filter(pk__in=list(judged)).order_by("id"):
        before = _others(row).filter(pk__lt=row.pk).order_by("-id").first()
        page, known = locked.get(row.page_id), row.kinds
        noise = known or judged[row.pk]
        if (before is not None and before.awaits_judgement) or not _take(row, noise, before):
            continue
        settled += 1
        if noise and page is not None:
            _date(page, row)
        if noise and page is not None and not known:
            _correct(page, row, plan)
            by_run[row.ended_by] += 1
    for run in sorted(by_run):
        Run.objects.filter(pk=run).update(pages_noise=F("pages_noise") + by_run[run])
    return settled


def _take(row: PageVersion, noise: tuple[str, ...], before: PageVersion | None) -> bool:
    """Store a verdict unless somebody was faster; say whether."""
    row.noise, row.counted_at = ",".join(noise), _counted_at(row, before)
    waiting = PageVersion.objects.filter(pk=row.pk, awaits_judgement=True)
    return waiting.update(awaits_judgement=False, noise=row.noise, counted_at=row.counted_at) == 1


def _counted_at(row: PageVersion, before: PageVersion | None) -> datetime:
    """Return when the page had last changed in what counts; what it was `before` that is judged by now."""
    if before is None:
        return row.counted_at or row.began_at
    return before.counted_at or before.began_at if before.noise else before.ended_at


def _date(page: Page, row: PageVersion) -> None:
    """Have a page say when it changed as if what `row` ended by had been no change."""
    if not _others(row).filter(pk__gt=row.pk).exists():
        page.changed_at, page.body_at = row.counted_at or row.began_at, row.ended_at
        page.save(update_fields=DATED)


def _correct(page: Page, row: PageVersion, plan: RefreshPlan | None) -> None:
    """Have what visits saw of a page be as if `row` had ended by no change, and the page due by that."""
    weight = rates.weight_left(before=row.visits, now=page.visits, is_newest=page.last_seen == row.ended_at)
    seconds = (row.ended_at - row.seen_at).total_seconds()
    seen = _known(page).seen.without_change(seconds=seconds, weight=weight)
    page.changes, page.unchanged_seconds = seen.changes, seen.unchanged_seconds
    page.changed_seconds, page.changed_squares = seen.changed_seconds, seen.changed_squares
    if plan is not None and plan.planned_at is not None and page.refresh_at and not page.refresh_failures:
        page.refresh_at = page.last_seen + interval_of(_known(page), plan)
    page.save(update_fields=CORRECTED)


def _others(row: PageVersion) -> QuerySet[PageVersion]:
    return PageVersion.objects.filter(target=row.target_id, page=row.page_id)


def _known(page: Page) -> Known:
    return Known(*(getattr(page, name) for name in COLUMNS))
