"""How pages tell of schedules and their calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django import template

from crawler.frontier import lengths
from crawler.queries.calendar import Hour

register = template.Library()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One hour of the clock on one day; an hour that the clocks repeat is one with its twin."""

    level: int
    runs: int
    words: str
    anchor: str


@register.filter
def rounded_up(length: timedelta | float) -> str:
    """Return a length of time in its two largest units, rounded up; a number is seconds."""
    return lengths.rounded_up(length if isinstance(length, timedelta) else timedelta(seconds=length))


@register.filter
def clock(moment: datetime, zone: str) -> str:
    """Return what the clocks of a time zone show."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


@register.filter
def anchor(hour: Hour) -> str:
    """Return the id of an hour within the page."""
    return f"h{hour.begins:%Y%m%d%H%M}"


@register.filter
def by_clock(hours: tuple[Hour, ...], zone: str) -> list[Cell]:
    """Return the twenty-four hours of the clock of one day."""
    where = ZoneInfo(zone)
    return [
        _cell(number, [hour for hour in hours if hour.begins.astimezone(where).hour == number])
        for number in range(24)
    ]


def _cell(number: int, hours: list[Hour]) -> Cell:
    runs, requests = sum(hour.runs for hour in hours), sum(hour.requests for hour in hours)
    return Cell(
        level=max((hour.level for hour in hours), default=0),
        runs=runs,
        words=f"{number:02}:00: {runs:,} run{'' if runs == 1 else 's'}, about {requests:,.0f} requests",
        anchor=anchor(hours[0]) if hours else "",
    )
