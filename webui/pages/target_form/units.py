"""Numbers and lengths of time as people type them."""

from __future__ import annotations

import math

TIME_UNITS = (("60", "minutes"), ("3600", "hours"), ("86400", "days"), ("1", "seconds"))


def number(word: str) -> object:
    """Return a number, None for nothing, and the text itself for anything else: its reader refuses it."""
    if not word:
        return None
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        return word


def seconds(many: str, unit: str) -> object:
    """Return an interval in whole seconds, and the text itself for what is none."""
    found = number(many.strip())
    if unit not in dict(TIME_UNITS) or not isinstance(found, int | float):
        return many.strip() or None
    total = found * int(unit)
    if isinstance(total, float) and not math.isfinite(total):
        return many.strip()
    return round(total)


def in_units(length_seconds: int) -> tuple[str, str]:
    """Return a number of the largest unit that says it whole, and the unit in seconds."""
    unit = next(unit for unit in (86_400, 3_600, 60, 1) if length_seconds % unit == 0)
    return str(length_seconds // unit), str(unit)
