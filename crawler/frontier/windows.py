"""The hours of the week in which runs may start, such as `weekdays 22:00-06:00`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from crawler.frontier.crons import BadTimetable, instant, zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

EXAMPLE: Final = "write such as weekdays 22:00-06:00, sat,sun or 01:00-05:00"
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONG_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY: Final = frozenset(range(7))
NAMED: Final = {
    "weekdays": frozenset(range(5)),
    "weekend": frozenset({5, 6}),
    "weekends": frozenset({5, 6}),
    "daily": EVERY_DAY,
}
MINUTES_A_DAY: Final = 24 * 60
LOOK_BACK: Final = 16
LOOK_AHEAD: Final = 17
"""Days around a moment within which every window opens, even one that a change of the clocks left out."""

_WORD: Final = re.compile(r"\S+")
_DASHES: Final = str.maketrans({"–": "-", "—": "-", "−": "-", "‑": "-"})
_HOURS: Final = re.compile(r"(\d{1,2}:\d\d)-(\d{1,2}:\d\d)")

Opening = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hours that begin on some days of the week; what goes past midnight belongs to the day it began on.

    `opens` and `closes` are minutes after the midnight of that day; `closes` is the larger.
    """

    days: frozenset[int]
    opens: int = 0
    closes: int = MINUTES_A_DAY


def parse(text: str) -> Window:
    """Read a window: days, hours or both; raises BadTimetable, which names the place and an example."""
    line = tidy(text)
    words = [(match.start() + 1, match.group()) for match in _WORD.finditer(line)]
    match words:
        case [(place, word)] if word[0].isdigit():
            return _hours(place, word, EVERY_DAY)
        case [(place, word)]:
            return Window(days=_days(place, word))
        case [(place, word), (later, hours)]:
            return _hours(later, hours, _days(place, word))
        case []:
            raise _bad(f"is empty; {EXAMPLE}")
        case [_, _, (place, word), *_]:
            raise _bad(f"character {place}: {word!r} is too much; {EXAMPLE}")
        case _:
            raise _bad(EXAMPLE)


def tidy(text: str) -> str:
    """Return the words of a window in the one way they are stored."""
    return " ".join(re.sub(r"\s*([,-])\s*", r"\1", text.translate(_DASHES)).lower().split())


def _hours(place: int, word: str, days: frozenset[int]) -> Window:
    found = _HOURS.fullmatch(word)
    if found is None:
        raise _bad(f"character {place}: {word!r} is not a span of hours; {EXAMPLE}")
    opens = _minutes(place, found[1], most=MINUTES_A_DAY - 1)
    closes = _minutes(place + found.start(2), found[2], most=MINUTES_A_DAY)
    if opens == closes:
        raise _bad(
            f"character {place}: {word!r} opens and closes at the same time, so it never opens; "
            "leave the hours out for the whole day"
        )
    return Window(days=days, opens=opens, closes=closes if closes > opens else closes + MINUTES_A_DAY)


def _minutes(place: int, word: str, *, most: int) -> int:
    hours, minutes = (int(part) for part in word.split(":"))
    if minutes > 59 or hours * 60 + minutes > most:
        raise _bad(f"character {place}: {word!r} is not a time of day; {EXAMPLE}")
    return hours * 60 + minutes


def _days(place: int, word: str) -> frozenset[int]:
    parts = word.split(",")
    places = accumulate([place, *(len(part) + 1 for part in parts[:-1])])
    return frozenset().union(*(_span_of_days(at, part) for at, part in zip(places, parts, strict=True)))


def _span_of_days(place: int, word: str) -> frozenset[int]:
    if word in NAMED:
        return NAMED[word]
    first, dash, last = word.partition("-")
    begin = _day(place, first)
    end = _day(place + len(first) + 1, last) if dash else begin
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _day(place: int, word: str) -> int:
    for number, name in enumerate(DAYS):
        if word.startswith(name) and LONG_NAMES[number].startswith(word):
            return number
    raise _bad(f"character {place}: {word!r} is not a day of the week; {EXAMPLE}")


def _bad(message: str) -> BadTimetable:
    return BadTimetable(message, field="windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The windows of one schedule on the clocks of its time zone."""

    each: tuple[Window, ...]
    timezone: str

    def opening(self, moment: datetime) -> datetime:
        """Return `moment` when a window is open then, else when the next one opens."""
        return next(max(moment, opens) for opens, closes in self._around(moment) if moment < closes)

    def is_open(self, moment: datetime) -> bool:
        return self.opening(moment) == moment

    def closes(self, moment: datetime) -> datetime:
        """Return when the window closes that is open at `moment`, or the next one."""
        return next(closes for _, closes in self._around(moment) if moment < closes)

    def closed_since(self, moment: datetime) -> datetime:
        """Return when the last window closed before `moment`, at which none is open."""
        return max(closes for _, closes in self._around(moment) if closes <= moment)

    def _around(self, moment: datetime) -> tuple[Opening, ...]:
        where = zone(self.timezone)
        return _openings(self.each, where, moment.astimezone(where).date())


def read(lines: Iterable[str], *, timezone: str) -> Windows | None:
    """Return the windows that `lines` describe, None for none; raises BadTimetable."""
    each = tuple(parse(line) for line in lines)
    return Windows(each=each, timezone=timezone) if each else None


@lru_cache(maxsize=512)
def _openings(windows: tuple[Window, ...], where: ZoneInfo, day: date) -> tuple[Opening, ...]:
    """Return when windows open and close in the days around `day`; those that touch are one."""
    days = [day + timedelta(days=step) for step in range(-LOOK_BACK, LOOK_AHEAD)]
    found = [
        _instants(window, when, where) for when in days for window in windows if when.weekday() in window.days
    ]
    return tuple(_joined(sorted(found)))


def _instants(window: Window, day: date, where: ZoneInfo) -> Opening:
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 the wall clock's
    opens, closes = (midnight + timedelta(minutes=minutes) for minutes in (window.opens, window.closes))
    return instant(opens, where).astimezone(UTC), instant(closes, where).astimezone(UTC)


def _joined(openings: Iterable[Opening]) -> Iterator[Opening]:
    last: Opening | None = None
    for opens, closes in openings:
        if opens == closes:  # clocks went forward over the whole of it
            continue
        if last and opens <= last[1]:
            last = (last[0], max(last[1], closes))
        else:
            if last:
                yield last
            last = (opens, closes)
    if last:
        yield last
