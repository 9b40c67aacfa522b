"""Notes which times of a schedule had no run, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crawler import conf
from crawler.models import SkipKind, SkippedRun

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.frontier.catching_up import Passed
    from crawler.models import Run

STAMP: Final = "%Y-%m-%d %H:%M UTC"
BATCH: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Nominal times without a run of their own; `run` was in the way, or stands for them."""

    kind: SkipKind
    reason: str
    times: tuple[datetime, ...]
    run: int | None = None


def overlap(due: Passed, before: Run, *, now: datetime) -> Skip:
    reason = f"run {before.pk} was still {before.state} at {now:{STAMP}}"
    return Skip(kind=SkipKind.OVERLAP, reason=reason, times=due.times, run=before.pk)


def missed(due: Passed, cause: SkipKind) -> Skip:
    reason = f"{cause.label} at {due.first:{STAMP}}, and what was missed is skipped"
    return Skip(kind=cause, reason=reason, times=due.times)


def left_out(due: Passed, nominal: datetime, cause: SkipKind, *, makes_up: bool) -> Skip | None:
    """Return what has passed beside the time that has its run now; None when nothing has."""
    others = due.without(nominal)
    if not others:
        return None
    then = "one run stands for all that was missed" if makes_up else "what was missed is skipped"
    return Skip(kind=cause, reason=f"{cause.label} at {others[0]:{STAMP}}, and {then}", times=others)


def note(*, target: int, skip: Skip, now: datetime) -> None:
    """Store `skip`; a schedule that trips over the same run again and again makes one row longer."""
    last = SkippedRun.objects.filter(target=target).order_by("-id").first()
    if last and skip.kind == SkipKind.OVERLAP and (last.kind, last.run) == (skip.kind, skip.run):
        last.times += len(skip.times)
        last.last_nominal_at, last.reason, last.noted_at = skip.times[-1], skip.reason[:200], now
        last.save(update_fields=["times", "last_nominal_at", "reason", "noted_at"])
        return
    SkippedRun.objects.create(
        target_id=target,
        nominal_at=skip.times[0],
        last_nominal_at=skip.times[-1],
        times=len(skip.times),
        kind=skip.kind,
        reason=skip.reason[:200],
        run=skip.run,
        noted_at=now,
    )


def forget(*, now: datetime) -> int:
    """Remove a batch of the skips that are as old as the requests that are removed; return how many."""
    old = SkippedRun.objects.filter(noted_at__lt=now - conf.crawl().keep_requests).order_by("id")
    return SkippedRun.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]
