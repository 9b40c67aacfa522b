"""Whether a target's schedule can be kept: what its runs are expected to ask, at the pace of its hosts."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from crawler import conf
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


def judged(
    schedule: ScheduleDraft, values: Mapping[str, Any], *, pages: int | None, now: datetime
) -> Feasibility | None:
    """Return whether `schedule` leaves its runs enough time; None when it has fewer than two times."""
    times = schedule.timetable().next_times(after=now, count=TIMES_COMPARED)
    return judge(times, load(values, pages=pages))


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


def pages_of(target: Target) -> int | None:
    """Return how many pages the last complete run of `target` had; None when there was none."""
    complete = Run.objects.complete().filter(target=target).order_by("-id")
    last = complete.values_list("pages", flat=True).first()
    return last or None


def load(values: Mapping[str, Any], *, pages: int | None) -> Load:
    """Return what a run of a target with these settings asks; `pages` is what its last complete run had."""
    urls, minutes = values["start_urls"], values["max_minutes"]
    most = values["max_pages"] or DEFAULT_MAX_PAGES
    if values["scope"] == Scope.PAGE:
        most = min(most, len(urls))
    expected = min(pages, values["max_pages"] or pages) if pages else most
    return Load(
        pages=expected,
        paces=_paces({canonical(url).origin for url in urls}, values),
        time_limit=timedelta(minutes=minutes) if minutes else None,
        measured=bool(pages),
    )


def _paces(origins: set[str], values: Mapping[str, Any]) -> tuple[timedelta, ...]:
    """Return the time that each host takes for a page, from the settings and from the ledger."""
    known = {
        origin: (crawl_delay if values["obey_robots"] else None, latency)
        for origin, crawl_delay, latency in Host.objects.filter(origin__in=origins).values_list(
            "origin", "crawl_delay_seconds", "latency_seconds"
        )
    }
    delay = values["delay_seconds"]
    own = conf.crawl().default_delay if delay is None else timedelta(seconds=delay)
    found = []
    for origin in sorted(origins):
        crawl_delay, latency = known.get(origin, (None, None))
        found.append(
            pace(delay=own, crawl_delay=crawl_delay, latency=latency, connections=values["connections"] or 1)
        )
    return tuple(found)
