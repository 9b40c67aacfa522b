"""The calendar page: upcoming runs by day and hour, and the load they bring."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crawler.frontier import crons
from crawler.queries import calendar as queries
from webui.pages import asking

SPANS = ((1, "a day"), (7, "a week"), (31, "a month"))
WEEK = 7


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    zone = _zone(request)
    today = now.astimezone(zone).date()
    first = _day(request, "from", default=today, least=today, most=today + queries.FARTHEST)
    days = _days(request)
    chosen = _day(request, "day", default=first, least=first, most=first + timedelta(days=days - 1))
    shown = queries.calendar(request.user, first=first, days=days, zone=zone, now=now)
    context = {
        "calendar": shown,
        "zone": zone.key,
        "zones": dict.fromkeys([*queries.zones(request.user), zone.key]),
        "first": first,
        "chosen": chosen,
        "hours": [hour for hour in dict(shown.days).get(chosen, ()) if not hour.is_empty],
        "days": days,
        "spans": SPANS,
        "clock": range(24),
        "today": today,
        "before": max(first - timedelta(days=days), today) if first > today else None,
        "after": first + timedelta(days=days) if first < today + queries.FARTHEST else None,
        "runs": sum(hour.runs for hour in shown.hours),
        "requests": sum(hour.requests for hour in shown.hours),
    }
    return render(request, "calendar/show.html", context)


def _zone(request: HttpRequest) -> ZoneInfo:
    name = asking.text(request, "timezone") or "UTC"
    try:
        return crons.zone(name)
    except crons.BadTimetable as error:
        messages.warning(request, str(error))
        return crons.zone("UTC")


def _day(request: HttpRequest, name: str, *, default: date, least: date, most: date) -> date:
    """Return the day asked for, moved within reach; the default for what is no day."""
    word = asking.text(request, name)
    try:
        day = date.fromisoformat(word) if word else default
    except ValueError:
        messages.warning(request, f"{word!r} is not a day; write one such as {default}")
        return default
    return min(max(day, least), most)


def _days(request: HttpRequest) -> int:
    word = asking.text(request, "days")
    return int(word) if word in {str(days) for days, _ in SPANS} else WEEK
