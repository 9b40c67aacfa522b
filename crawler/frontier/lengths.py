"""How lengths of time are said to people."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


def in_words(span: timedelta) -> str:
    """Return an interval as it follows "every": `hour`, `3 hours`, `90 minutes`, else as `rounded_up`."""
    for unit, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")):
        count, rest = divmod(span, unit)
        if count and not rest:
            return word if count == 1 else f"{count} {word}s"
    return rounded_up(span)


def rounded_up(span: timedelta) -> str:
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
