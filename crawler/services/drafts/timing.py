"""Reads a target's schedule, and says when it asks for more than the pace allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from crawler.frontier import timetable
from crawler.models import MisfirePolicy, OverlapPolicy
from crawler.services.drafts.values import Wrong, choice, integer, kind_of, text, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from crawler.models import Schedule
    from crawler.services.drafts.values import Reader

LEAST_INTERVAL: Final = 10
MOST_INTERVAL: Final = 366 * 24 * 3600

_READERS: Final[Mapping[str, Reader[Any]]] = {
    "cron": text(most=200),
    "every_seconds": integer(least=LEAST_INTERVAL, most=MOST_INTERVAL),
    "timezone": text(most=64, least=1),
    "misfire": choice(MisfirePolicy),
    "overlap": choice(OverlapPolicy),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDraft:
    """When a target's runs start: exactly one of `cron` and `every_seconds` is set."""

    cron: str = ""
    every_seconds: int | None = None
    timezone: str = "UTC"
    misfire: MisfirePolicy = MisfirePolicy.RUN_ONCE
    overlap: OverlapPolicy = OverlapPolicy.SKIP

    def next_times(self, *, after: datetime, count: int) -> list[datetime]:
        """Return the nominal times after `after`, as `timetable.next_times` does."""
        return timetable.next_times(
            cron=self.cron, every_seconds=self.every_seconds, timezone=self.timezone, after=after, count=count
        )


def draft_of(schedule: Schedule | None) -> ScheduleDraft | None:
    """Return a stored schedule as a draft."""
    if schedule is None:
        return None
    return ScheduleDraft(
        cron=schedule.cron,
        every_seconds=schedule.every_seconds,
        timezone=schedule.timezone,
        misfire=MisfirePolicy(schedule.misfire),
        overlap=OverlapPolicy(schedule.overlap),
    )


def read(value: object, *, existing: ScheduleDraft | None, now: datetime) -> ScheduleDraft | None:
    """Return the schedule that `value` asks for, null for none; what it leaves out stays as in `existing`.

    Raises Wrong with every problem.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong(f"must be an object or null, not {kind_of(value)}")
    problems = [(str(name), "is not a key of a schedule") for name in value if name not in _READERS]
    given = {name: item for name, item in value.items() if name in _READERS and item not in (None, "")}
    if "cron" in given and "every_seconds" in given:
        problems.append(("", "set cron or every_seconds, not both"))
    elif existing is None and "cron" not in given and "every_seconds" not in given:
        problems.append(("", "set cron or every_seconds"))
    draft = _merge(_read_parts(given, problems), existing)
    problems += _mistimed(draft, now)
    if problems:
        raise Wrong(*problems)
    return draft


def _read_parts(given: Mapping[str, object], problems: list[tuple[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = _READERS[name](value)
        except Wrong as error:
            problems += ((name, message) for _, message in error.problems)
    return values


def _merge(values: Mapping[str, Any], existing: ScheduleDraft | None) -> ScheduleDraft:
    base = existing or ScheduleDraft()
    if "cron" in values or "every_seconds" in values:
        cron, every_seconds = values.get("cron", ""), values.get("every_seconds")
    else:
        cron, every_seconds = base.cron, base.every_seconds
    return ScheduleDraft(
        cron=" ".join(cron.split()),
        every_seconds=every_seconds,
        timezone=values.get("timezone", base.timezone),
        misfire=values.get("misfire", base.misfire),
        overlap=values.get("overlap", base.overlap),
    )


def _mistimed(draft: ScheduleDraft, now: datetime) -> list[tuple[str, str]]:
    problems, zone = [], draft.timezone
    try:
        timetable.zone(zone)
    except timetable.BadTimetable as error:
        problems, zone = [(error.field, str(error))], "UTC"
    try:
        if draft.cron:
            timetable.check(cron=draft.cron, timezone=zone, now=now)
    except timetable.BadTimetable as error:
        problems.append((error.field, str(error)))
    return problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run asks of its hosts: how many pages in all, and how fast each host may be asked."""

    pages: int
    hosts: int
    delay: timedelta
    connections: int
    time_limit: timedelta | None

    @property
    def duration(self) -> timedelta:
        """Return the least time the run can take."""
        needed = self.delay * math.ceil(self.pages / max(1, self.hosts) / max(1, self.connections))
        return min(needed, self.time_limit) if self.time_limit else needed


def infeasibility(schedule: ScheduleDraft, load: Load, *, now: datetime) -> str | None:
    """Return why `schedule` cannot keep its times with `load`, and what would work; None when it can."""
    times = schedule.next_times(after=now, count=6)
    if len(times) < 2:
        return None
    gap = min(later - sooner for sooner, later in pairwise(times))
    if load.duration <= gap:
        return None
    possible = int(gap / load.delay) * max(1, load.hosts) * max(1, load.connections)
    return (
        f"{load.pages:,} pages at {load.delay.total_seconds():g} s each is {spoken(load.duration)}: "
        f"every {spoken(gap)} cannot work; leave at least {spoken(load.duration)} between runs "
        f"or limit them to {possible:,} pages"
    )


def spoken(span: timedelta) -> str:
    """Return a duration in its two largest units, rounded up, such as 2 h 47 min."""
    seconds = math.ceil(span.total_seconds())
    step = 3600 if seconds >= 24 * 3600 else 60 if seconds >= 3600 else 1
    seconds = math.ceil(seconds / step) * step
    parts = []
    for size, unit in ((24 * 3600, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
