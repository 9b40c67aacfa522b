"""Which minute of the hour new schedules take, so that not all of them start at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

MOST_MINUTES: Final = 59


def minute_of(moment: datetime) -> int:
    """Return the number of the minute that `moment` lies in."""
    return int(moment.timestamp()) // 60


def starts_by_minute(times: Iterable[datetime]) -> Counter[int]:
    """Count the runs that start in each minute."""
    return Counter(minute_of(time) for time in times)


def quietest(times: Sequence[datetime], taken: Counter[int], *, room: int) -> int:
    """Return how many minutes later, at most `room`, `times` meet the fewest of the starts in `taken`.

    Of equally quiet shifts the least: where nothing else is planned, nothing is moved.
    """
    minutes = [minute_of(time) for time in times]
    return min(range(room + 1), key=lambda shift: (sum(taken[at + shift] for at in minutes), shift))


def room_of_interval(every_seconds: int) -> int:
    """Return by how many minutes the phase of an interval may be moved: less than an hour or itself."""
    return min(MOST_MINUTES, max(0, every_seconds // 60 - 1))
