"""Values of a field's type as people type them: defaults, and the values that are allowed."""

from __future__ import annotations

import math
from typing import Final

from scrapers.fields import Kind
from webui.pages.target_form import units

NUMBERS: Final = frozenset({Kind.INTEGER.value, Kind.NUMBER.value, Kind.PRICE.value})
_YES_NO: Final = {"yes": True, "true": True, "no": False, "false": False}


def number(text: str) -> object:
    """Return a number that JSON has; any other text as it is, for its reader to refuse."""
    found = units.number(text)
    return text if isinstance(found, float) and not math.isfinite(found) else found


def read(text: str, kind: str) -> object:
    """Return what `text` is as a value of `kind`; what is none stays text, for its reader to refuse."""
    if kind in NUMBERS:
        return number(text)
    return _YES_NO.get(text.lower(), text) if kind == Kind.BOOLEAN else text


def read_lines(text: str, kind: str) -> list[object]:
    """Return the values that stand one a line."""
    return [read(line.strip(), kind) for line in text.split("\n") if line.strip()]


def shown(value: object) -> str:
    """Return a value as it is typed; empty for what holds others, which cannot be."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int | float) else ""


def shown_lines(values: object) -> str:
    """Return a list as it is typed, a value a line; empty for what is none."""
    return "\n".join(map(shown, values)) if isinstance(values, list) else ""


def block(text: str) -> str:
    """Return `text` as a control of several lines sends it, without what no control can hold."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(map(line, lines)).strip()


def line(text: str) -> str:
    """Return `text` as a control of one line holds it."""
    return "".join(sign for sign in text if not _is_lost(sign))


def _is_lost(sign: str) -> bool:
    return (ord(sign) < 32 and sign != "\t") or ord(sign) == 127 or 0xD800 <= ord(sign) < 0xE000
