"""Reads the dates of cookies, whatever order their parts are in (RFC 6265bis §5.1.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TOKEN: Final = re.compile(r"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_END: Final = r"(?:[^0-9].*)?"
_TIME: Final = re.compile(rf"([0-9]{{1,2}}):([0-9]{{1,2}}):([0-9]{{1,2}}){_END}", re.DOTALL)
_DAY: Final = re.compile(rf"([0-9]{{1,2}}){_END}", re.DOTALL)
_YEAR: Final = re.compile(rf"([0-9]{{2,4}}){_END}", re.DOTALL)


def cookie_date(text: str) -> datetime | None:
    """Return the moment that `text` names, in UTC; None when it names none.

    Each word is tried as the time, the day, the month and the year, in this order, as far as that
    part is still missing. Words between them, such as week days and zones, mean nothing.
    """
    time: tuple[int, ...] | None = None
    day = month = year = None
    for token in _TOKEN.findall(text):
        if time is None and (found := _TIME.fullmatch(token)):
            time = tuple(map(int, found.groups()))
        elif day is None and (found := _DAY.fullmatch(token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := _YEAR.fullmatch(token)):
            year = _whole_year(int(found[1]))
    if time is None or day is None or month is None or year is None or year < 1601:
        return None
    hour, minute, second = time
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _whole_year(year: int) -> int:
    if 70 <= year <= 99:
        return year + 1900
    return year + 2000 if 0 <= year <= 69 else year
