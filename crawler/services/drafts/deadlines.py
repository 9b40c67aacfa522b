"""Reads a target's deadline: by which local time, each day, its data is to be fresh."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from crawler.frontier.crons import BadTimetable, new_zone
from crawler.frontier.timetable import Timetable
from crawler.services.drafts.values import Wrong, kind_of, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crawler.models import Target

_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_KEYS: Final = frozenset({"time", "timezone"})


def read(value: object) -> dict[str, str]:
    """Read `{"time": "07:00", "timezone": "Europe/Berlin"}`; UTC where no time zone is named."""
    if not isinstance(value, dict):
        raise wrong(f"must be an object with time and timezone, not {kind_of(value)}")
    problems = [(str(key), "is not a key of a deadline") for key in value if key not in _KEYS]
    found = {"time": value.get("time"), "timezone": value.get("timezone") or "UTC"}
    match = _TIME.fullmatch(found["time"].strip()) if isinstance(found["time"], str) else None
    if match is None:
        problems.append(("time", "must be hours and minutes of a day, such as 07:00"))
    try:
        new_zone(str(found["timezone"]))
    except BadTimetable as error:
        problems.append(("timezone", str(error)))
    if problems or match is None:
        raise Wrong(*problems)
    return {"time": f"{int(match[1]):02}:{match[2]}", "timezone": str(found["timezone"])}


def next_after(deadline: Mapping[str, Any], moment: datetime) -> datetime:
    """Return the first deadline later than `moment`, in UTC.

    A local time that does not exist comes at the first valid instant, one that exists twice at its first.
    """
    hour, minute = str(deadline["time"]).split(":")
    times = Timetable(cron=f"{int(minute)} {int(hour)} * * *", timezone=str(deadline["timezone"]))
    return times.next_times(after=moment, count=1)[0]


def deadline_of(target: Target, *, now: datetime) -> datetime | None:
    """Return the deadline of a run of `target` that begins now; None for none."""
    return next_after(target.deadline, now) if target.deadline else None
