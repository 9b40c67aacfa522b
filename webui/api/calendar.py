"""The calendar of upcoming runs, with the load they bring."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from crawler.frontier import crons
from crawler.queries import calendar
from crawler.services import targets
from webui.api.auth import caller

router = Router(tags=["calendar"])


class CalendarFilter(Schema):
    """Which days: whole ones on the clock of `timezone`."""

    first: Annotated[date | None, Field(alias="from", description="The first day; today when left out.")] = (
        None
    )
    days: Annotated[int, Field(ge=1, le=calendar.MOST_DAYS)] = 7
    timezone: Annotated[str, Field(max_length=64, description="An IANA name, such as Europe/Berlin.")] = "UTC"


class StartsOut(Schema):
    """The runs of one target that start within an hour, and what each of them is expected to ask."""

    target: int
    name: str
    first_at: datetime
    runs: int
    requests_each: int
    seconds_each: int
    measured: Annotated[bool, Field(description="Whether the last complete run did so; else it is a limit.")]


class HourOut(Schema):
    """An hour in which runs start, or send requests."""

    begins: datetime
    runs: int
    requests: Annotated[int, Field(description="What all runs send within it, also those from before.")]
    starts: list[StartsOut]


class CalendarOut(Schema):
    """The hours with something in them. From `whole_until` on, runs are left out: there are too many."""

    begins: datetime
    ends: datetime
    timezone: str
    whole_until: datetime
    hours: list[HourOut]


@router.get("/calendar", response=CalendarOut)
def get_calendar(request: HttpRequest, filters: Query[CalendarFilter]) -> CalendarOut:
    """Read which runs the schedules of your targets will start, by hour, and the expected load."""
    now = timezone.now()
    zone = _zone(filters.timezone)
    first = _first(filters, today=now.astimezone(zone).date())
    found = calendar.calendar(caller(request).user, first=first, days=filters.days, zone=zone, now=now)
    return CalendarOut(
        begins=found.begins,
        ends=found.ends,
        timezone=zone.key,
        whole_until=found.whole_until,
        hours=[_hour(hour) for hour in found.hours if not hour.is_empty],
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return crons.zone(name)
    except crons.BadTimetable as error:
        raise _wrong("timezone", str(error)) from None


def _first(filters: CalendarFilter, *, today: date) -> date:
    first = filters.first or today
    if abs(first - today) > calendar.FARTHEST:
        raise _wrong("from", f"must lie within {calendar.FARTHEST.days} days of today, {today}")
    return first


def _wrong(field: str, message: str) -> targets.InvalidTarget:
    return targets.InvalidTarget((targets.Problem(field=field, message=message),))


def _hour(hour: calendar.Hour) -> HourOut:
    return HourOut(
        begins=hour.begins,
        runs=hour.runs,
        requests=round(hour.requests),
        starts=[
            StartsOut(
                target=line.target.pk,
                name=line.target.name,
                first_at=line.first_at,
                runs=line.runs,
                requests_each=line.expected.requests,
                seconds_each=round(line.expected.takes.total_seconds()),
                measured=line.expected.measured,
            )
            for line in hour.lines
        ],
    )
