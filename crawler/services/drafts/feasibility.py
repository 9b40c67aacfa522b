"""Whether a target's schedule can be kept: what its runs are expected to ask, at the pace of its hosts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from crawler import conf
from crawler.frontier import politeness
from crawler.frontier.feasibility import Load, judge, pace
from crawler.models import Host, Run, Scope
from crawler.models.targets import DEFAULT_MAX_PAGES
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crawler.frontier.feasibility import Feasibility
    from crawler.models import Target
    from crawler.services.drafts.timing import ScheduleDraft

TIMES_COMPARED: Final = 30
LENGTHENING: Final = (
    "start_urls", "scope", "include", "exclude", "max_depth", "max_pages", "max_minutes",
    "delay_seconds", "connections", "adapt_pace", "obey_robots",
)  # fmt: skip
"""The settings that decide how long a run takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """What the last complete run of a target had: its pages, items, time under way and settings."""

    pages: int
    took: timedelta
    settings: Mapping[str, Any]
    items: int = 0


def judged(
    schedule: ScheduleDraft, values: Mapping[str, Any], *, last: LastRun | None, now: datetime
) -> Feasibility | None:
    """Return whether `schedule` leaves its runs enough time; None when it has fewer than two times."""
    times = schedule.timetable().next_times(after=now, count=TIMES_COMPARED)
    return judge(times, load(values, last=last))


def told(found: Feasibility, *, now: datetime) -> dict[str, Any]:
    """Return what is stored of a check, in plain numbers."""
    load = found.load
    return {
        "fits": found.fits,
        "problem": found.problem,
        "pages": load.pages,
        "measured": load.measured,
        "pace_seconds": load.pace.total_seconds(),
        "needs_seconds": math.ceil(load.duration.total_seconds()),
        "between_seconds": int(found.gap.total_seconds()),
        "possible_seconds": int(found.possible.total_seconds()) if found.possible else None,
        "checked_at": now.isoformat(),
    }


def last_run(target: Target) -> LastRun | None:
    """Return what the last complete run of `target` had; None when there was none."""
    complete = Run.objects.complete().filter(target=target).order_by("-id")
    run = complete.only("pages", "items", "started_at", "finished_at", "paused_seconds", "settings").first()
    if run is None or not run.pages:
        return None
    took = run.finished_at - run.started_at if run.started_at and run.finished_at else timedelta()
    rested = timedelta(seconds=run.paused_seconds)
    took = max(took - rested, timedelta())
    return LastRun(pages=run.pages, took=took, settings=run.settings, items=run.items)


def load(values: Mapping[str, Any], *, last: LastRun | None) -> Load:
    """Return what a run of a target with these settings asks; `last` is what its last complete run had."""
    urls, minutes = values["start_urls"], values["max_minutes"]
    most = values["max_pages"] or DEFAULT_MAX_PAGES
    if values["scope"] == Scope.PAGE:
        most = min(most, len(urls))
    return Load(
        pages=min(last.pages, values["max_pages"] or last.pages) if last else most,
        paces=_paces({canonical(url).origin for url in urls}, values),
        time_limit=timedelta(minutes=minutes) if minutes else None,
        measured=last is not None,
        took=last.took if last and _is_alike(last.settings, values) else None,
    )


def _is_alike(settings: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Say whether a run with `values` takes as long as one with `settings` did, as far as settings go."""
    return all(key in settings and settings[key] == values[key] for key in LENGTHENING)


def _paces(origins: set[str], values: Mapping[str, Any]) -> tuple[timedelta, ...]:
    """Return the time that each host takes for a page, from the settings and from the ledger."""
    known = {
        origin: (crawl_delay if values["obey_robots"] else None, latency)
        for origin, crawl_delay, latency in Host.objects.filter(origin__in=origins).values_list(
            "origin", "crawl_delay_seconds", "latency_seconds"
        )
    }
    delay = values["delay_seconds"]
    default = conf.crawl().default_delay
    own = default if delay is None else timedelta(seconds=delay)
    adapts = values["adapt_pace"] and politeness.adapts(
        delay_seconds=own.total_seconds(), default_seconds=default.total_seconds()
    )
    found = []
    for origin in sorted(origins):
        crawl_delay, latency = known.get(origin, (None, None))
        found.append(
            pace(
                delay=own,
                crawl_delay=crawl_delay,
                latency=latency,
                connections=values["connections"] or 1,
                adapts=adapts,
            )
        )
    return tuple(found)
