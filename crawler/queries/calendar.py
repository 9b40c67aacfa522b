"""The runs that schedules will start, by day and hour, with the load they bring."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Final

from django.db.models import OuterRef, Subquery

from crawler.frontier import agenda
from crawler.models import OverlapPolicy, Run, Schedule, Target
from crawler.models.targets import DEFAULT_MAX_PAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

MOST_DAYS: Final = 31
FARTHEST: Final = timedelta(days=366)
"""How far from today a calendar may begin."""

MOST_RUNS: Final = 40_000
"""How many runs one calendar plans; it then says until when it is whole."""

MOST_OF_ONE: Final = MOST_RUNS // 8
"""How many of them one schedule gets when there are more: a dense one leaves room for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a run of a target will ask: as its last complete run did (`measured`), or its limits."""

    requests: int
    takes: timedelta
    measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The runs of one target that start within one hour."""

    target: Target
    first_at: datetime
    runs: int
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """An hour with the runs that start in it and the requests that all runs send in it.

    `level` is how its load compares with the largest in the calendar, see `agenda.level`.
    """

    begins: datetime
    lines: tuple[Line, ...]
    requests: float
    level: int

    @property
    def runs(self) -> int:
        return sum(line.runs for line in self.lines)

    @property
    def is_empty(self) -> bool:
        return not self.lines and self.requests < agenda.LEAST_SHOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The hours from `begins` to `ends`; all runs until `whole_until` are in it."""

    begins: datetime
    ends: datetime
    zone: ZoneInfo
    whole_until: datetime
    hours: tuple[Hour, ...]

    @property
    def days(self) -> tuple[tuple[date, tuple[Hour, ...]], ...]:
        """Return the hours by local day."""
        found: dict[date, list[Hour]] = defaultdict(list)
        for hour in self.hours:
            found[hour.begins.astimezone(self.zone).date()].append(hour)
        return tuple((day, tuple(hours)) for day, hours in found.items())


def calendar(
    user: AbstractBaseUser | AnonymousUser, *, first: date, days: int, zone: ZoneInfo, now: datetime
) -> Calendar:
    """Return what the schedules of the targets that `user` may see will start; nothing before `now`."""
    begins, ends = (
        datetime.combine(first + timedelta(days=step), time(), tzinfo=zone).astimezone(UTC)
        for step in (0, min(days, MOST_DAYS))
    )
    schedules = _schedules(user)
    starts, whole_until = _first(schedules, begins=max(begins, now), ends=ends, now=now)
    expected = _expected(schedules)
    edges = agenda.hours(begins, ends, zone)
    loads = agenda.loads(edges, _spans(starts, schedules, expected))
    return Calendar(
        begins=begins,
        ends=ends,
        zone=zone,
        whole_until=whole_until,
        hours=_hours(edges, loads, _lines(edges, starts, schedules, expected)),
    )


def zones(user: AbstractBaseUser | AnonymousUser) -> list[str]:
    """Return UTC and the time zones that the schedules of `user` use."""
    used = Schedule.objects.filter(target__in=Target.objects.visible_to(user))
    return ["UTC", *sorted(set(used.order_by().values_list("timezone", flat=True)) - {"UTC"})]


def _schedules(user: AbstractBaseUser | AnonymousUser) -> list[Schedule]:
    planned = Schedule.objects.filter(next_run_at__isnull=False, paused_at=None, target__enabled=True)
    return list(
        planned.filter(target__in=Target.objects.visible_to(user)).select_related("target").order_by("id")
    )


def _first(
    schedules: Sequence[Schedule], *, begins: datetime, ends: datetime, now: datetime
) -> tuple[list[tuple[datetime, int]], datetime]:
    """Return what `_starts` yields, or of too much the first, and when the first that is left out starts."""
    starts = list(islice(_starts(schedules, begins=begins, ends=ends, now=now), MOST_RUNS + 1))
    if len(starts) <= MOST_RUNS:
        return starts, ends
    kept: list[tuple[datetime, int]] = []
    whole_until, runs = ends, Counter[int]()
    shared = _starts(schedules, begins=begins, ends=ends, now=now, most=MOST_OF_ONE + 1)
    for start, index in islice(shared, MOST_RUNS + 1):
        runs[index] += 1
        if runs[index] > MOST_OF_ONE or len(kept) == MOST_RUNS:
            whole_until = min(whole_until, start)
        else:
            kept.append((start, index))
    return kept, whole_until


def _starts(
    schedules: Sequence[Schedule],
    *,
    begins: datetime,
    ends: datetime,
    now: datetime,
    most: int | None = None,
) -> Iterator[tuple[datetime, int]]:
    """Yield when runs start, in order, each with the index of its schedule; at most so many of each."""

    def of_one(index: int, schedule: Schedule) -> Iterator[tuple[datetime, int]]:
        table, first = schedule.timetable, schedule.next_run_at or now
        later = table.later_than(max(first, begins - timedelta(seconds=schedule.jitter_seconds)))
        starts = (max(table.due_at(nominal), now) for nominal in chain([first], later))
        return ((start, index) for start in takewhile(lambda start: start < ends, starts) if start >= begins)

    return merge(*(islice(of_one(index, schedule), most) for index, schedule in enumerate(schedules)))


def _expected(schedules: Sequence[Schedule]) -> list[Expected]:
    complete = Run.objects.complete().filter(target=OuterRef("pk"))
    newest = Target.objects.filter(pk__in=[schedule.target_id for schedule in schedules]).annotate(
        last=Subquery(complete.order_by("-id").values("id")[:1])
    )
    runs = {run.target_id: run for run in Run.objects.without_secrets().filter(pk__in=newest.values("last"))}
    return [_of_run(runs.get(schedule.target_id)) or _of_limits(schedule) for schedule in schedules]


def _of_run(run: Run | None) -> Expected | None:
    if run is None or run.started_at is None or run.finished_at is None:
        return None
    sent = run.done + run.failed + run.dead
    return Expected(requests=sent, takes=run.finished_at - run.started_at, measured=True)


def _of_limits(schedule: Schedule) -> Expected:
    checked = schedule.feasibility
    pages = checked.get("pages", schedule.target.max_pages or DEFAULT_MAX_PAGES)
    takes = timedelta(seconds=checked.get("needs_seconds", pages))
    return Expected(requests=pages, takes=takes, measured=False)


def _spans(
    starts: Sequence[tuple[datetime, int]], schedules: Sequence[Schedule], expected: Sequence[Expected]
) -> Iterator[agenda.Span]:
    """Yield when each run sends its requests: to its end, or to the next run that must not overlap it."""
    following: dict[int, datetime] = {}
    for begins, index in reversed(starts):
        overlaps = schedules[index].overlap == OverlapPolicy.ALLOW
        asks = expected[index]
        cut_at = None if overlaps else following.get(index)
        yield agenda.span(begins=begins, requests=asks.requests, takes=asks.takes, cut_at=cut_at)
        following[index] = begins


def _lines(
    edges: Sequence[datetime],
    starts: Iterable[tuple[datetime, int]],
    schedules: Sequence[Schedule],
    expected: Sequence[Expected],
) -> dict[int, list[Line]]:
    """Return the lines of each hour, in the order of their first run."""
    grouped: dict[tuple[int, int], list[datetime]] = defaultdict(list)
    for begins, index in starts:
        grouped[agenda.place(edges, begins), index].append(begins)
    found: dict[int, list[Line]] = defaultdict(list)
    for (hour, index), times in grouped.items():
        line = Line(
            target=schedules[index].target, first_at=times[0], runs=len(times), expected=expected[index]
        )
        found[hour].append(line)
    return found


def _hours(
    edges: Sequence[datetime], loads: Sequence[float], lines: dict[int, list[Line]]
) -> tuple[Hour, ...]:
    most = max(loads, default=0.0)
    found = []
    for number, requests in enumerate(loads):
        mine = tuple(lines.get(number, ()))
        level = agenda.level(requests, most=most, starts=bool(mine))
        found.append(Hour(begins=edges[number], lines=mine, requests=requests, level=level))
    return tuple(found)
