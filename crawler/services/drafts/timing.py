"""Reads a target's schedule, whole or what a change gives of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from crawler.frontier import crons, windows
from crawler.frontier.crons import BadTimetable
from crawler.frontier.timetable import Timetable
from crawler.models import MisfirePolicy, OverlapPolicy
from crawler.services.drafts.values import Wrong, array, choice, flag, integer, kind_of, text, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crawler.models import Schedule
    from crawler.services.drafts.values import Reader

LEAST_INTERVAL: Final = 10
MOST_INTERVAL: Final = 366 * 24 * 3600
MOST_JITTER: Final = 24 * 3600
MOST_WINDOWS: Final = 14
TIMES_COMPARED: Final = 50


def _window(value: object) -> str:
    line = windows.tidy(text(most=100, least=1)(value))
    try:
        windows.parse(line)
    except BadTimetable as error:
        raise wrong(str(error)) from None
    return line


def _zone(value: object) -> str:
    name = text(most=64, least=1)(value)
    try:
        crons.new_zone(name)
    except BadTimetable as error:
        raise wrong(str(error)) from None
    return name


_READERS: Final[Mapping[str, Reader[Any]]] = {
    "cron": text(most=200),
    "every_seconds": integer(least=LEAST_INTERVAL, most=MOST_INTERVAL),
    "timezone": _zone,
    "misfire": choice(MisfirePolicy),
    "overlap": choice(OverlapPolicy),
    "jitter_seconds": integer(least=0, most=MOST_JITTER),
    "windows": array(_window, most=MOST_WINDOWS),
    "paused": flag,
    "spread": flag,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDraft:
    """When a target's runs start: exactly one of `cron` and `every_seconds` is set.

    `spread` is None where nobody asked: then intervals are spread, and cron expressions are not: a
    program that writes a minute means it. The form asks, and proposes it for both.
    """

    cron: str = ""
    every_seconds: int | None = None
    timezone: str = "UTC"
    misfire: MisfirePolicy = MisfirePolicy.RUN_ONCE
    overlap: OverlapPolicy = OverlapPolicy.SKIP
    jitter_seconds: int = 0
    windows: tuple[str, ...] = ()
    paused: bool = False
    spread: bool | None = None

    @property
    def spreads(self) -> bool:
        return self.every_seconds is not None if self.spread is None else self.spread

    @property
    def times(self) -> tuple[object, ...]:
        """Return all that decides when runs are due; the other parts may change without moving a run."""
        when = (self.cron, self.every_seconds, self.timezone)
        return (*when, self.jitter_seconds, self.windows, self.spreads)

    def timetable(self, *, phase: datetime | None = None) -> Timetable:
        """Return the nominal times; raises BadTimetable."""
        return Timetable(
            cron=self.cron,
            every_seconds=self.every_seconds,
            timezone=self.timezone,
            phase=phase,
            windows=windows.read(self.windows, timezone=self.timezone),
            jitter_seconds=self.jitter_seconds,
        )


def draft_of(schedule: Schedule) -> ScheduleDraft:
    """Return a stored schedule as a draft."""
    return ScheduleDraft(
        cron=schedule.cron,
        every_seconds=schedule.every_seconds,
        timezone=schedule.timezone,
        misfire=MisfirePolicy(schedule.misfire),
        overlap=OverlapPolicy(schedule.overlap),
        jitter_seconds=schedule.jitter_seconds,
        windows=tuple(schedule.windows),
        paused=schedule.paused_at is not None,
        spread=schedule.spread,
    )


def read(value: object, *, existing: ScheduleDraft | None, now: datetime) -> ScheduleDraft | None:
    """Return the schedule that `value` asks for, null for none; what it leaves out stays as in `existing`.

    Raises Wrong with every problem. Times that are emptied are one: they would silently stay.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong(f"must be an object or null, not {kind_of(value)}")
    problems = [(str(name), "is not a key of a schedule") for name in value if name not in _READERS]
    given = {name: item for name, item in value.items() if name in _READERS and item not in (None, "")}
    problems += _timeless(value, given, existing)
    draft = _merge(_read_parts(given, problems), existing)
    problems += _mistimed(draft, now)
    if problems:
        raise Wrong(*problems)
    return draft


def _timeless(
    value: Mapping[object, object], given: Mapping[str, object], existing: ScheduleDraft | None
) -> list[tuple[str, str]]:
    """Return what is wrong with the choice of times: both, or none left."""
    if "cron" in given and "every_seconds" in given:
        return [("", "set cron or every_seconds, not both")]
    if "cron" in given or "every_seconds" in given:
        return []
    emptied = [str(name) for name in value if name in ("cron", "every_seconds")]
    if any(existing is None or getattr(existing, name) for name in emptied):
        return [(emptied[0], "must be set, unless there is to be no schedule")]
    if existing is None:
        return [("", "set cron or every_seconds")]
    return [] if value else [("", "names nothing to change; null takes the schedule away")]


def _read_parts(given: Mapping[str, object], problems: list[tuple[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = _READERS[name](value)
        except Wrong as error:
            problems += ((f"{name}.{path}" if path else name, message) for path, message in error.problems)
    return values


def _merge(values: dict[str, Any], existing: ScheduleDraft | None) -> ScheduleDraft:
    base = existing or ScheduleDraft()
    kept = {part.name: getattr(base, part.name) for part in fields(base)}
    if "cron" in values or "every_seconds" in values:
        kept |= {"cron": "", "every_seconds": None}
    merged = kept | values
    merged["cron"], merged["windows"] = " ".join(merged["cron"].split()), tuple(merged["windows"])
    return ScheduleDraft(**merged)


def _mistimed(draft: ScheduleDraft, now: datetime) -> list[tuple[str, str]]:
    """Return what is wrong with the times taken together."""
    try:
        crons.zone(draft.timezone)
    except BadTimetable as error:
        return [(error.field, str(error)), *_mistimed(_in_utc(draft), now)]
    if not draft.cron and draft.every_seconds is None:
        return []
    try:
        table = draft.timetable()
        table.check(now=now)
    except BadTimetable as error:
        return [(error.field, str(error))]
    return _too_much_jitter(draft, table.next_times(after=now, count=TIMES_COMPARED))


def _in_utc(draft: ScheduleDraft) -> ScheduleDraft:
    return ScheduleDraft(cron=draft.cron, every_seconds=draft.every_seconds, windows=draft.windows)


def _too_much_jitter(draft: ScheduleDraft, times: list[datetime]) -> list[tuple[str, str]]:
    gap = min((later - sooner for sooner, later in pairwise(times)), default=timedelta.max)
    if gap > timedelta(seconds=draft.jitter_seconds):
        return []
    least = int(gap.total_seconds())
    return [("jitter_seconds", f"must be less than the {least:,} s that can lie between two of its times")]
