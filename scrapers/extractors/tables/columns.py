"""The values of a column: numbers, dates or yes and no where all of them are, else text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scrapers.page import dates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapers.page import JSON

MOST_WORDED_DATES: Final = 200
"""So many are read in a column; each takes 300 µs unless it is ISO 8601."""

_BLANK: Final = frozenset({"", "-", "–", "—", "n/a", "N/A", "…"})
_YES_OR_NO: Final = {
    "yes": True,
    "no": False,
    "true": True,
    "false": False,
    "✓": True,
    "✔": True,
    "✗": False,
    "✘": False,
}
_MARKED: Final = re.compile(r"[-+−]?(\d{1,3}(?:([ .,'’\u00a0\u202f])\d{3})*|\d+)(?:([.,])(\d+))?")
_COMMA: Final = frozenset(
    {"bg", "ca", "cs", "da", "de", "el", "es", "et", "eu", "fi", "fr", "gl", "hr", "hu", "id", "is",
     "it", "lt", "lv", "nb", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr",
     "uk", "vi"}
)  # fmt: skip
_MOST_DIGITS: Final = 15
_YEAR: Final = re.compile(r"\d{4}")


def typed(texts: Sequence[str], *, language: str | None) -> list[JSON]:
    """Return the values of one column, None for what is blank.

    Numbers are read alike in the whole column: where one of its texts shows which sign is the decimal
    one, that holds for all; else it is that of the page's language. What begins with a zero, or has a
    unit, stays text.
    """
    filled = [text for text in texts if text not in _BLANK]
    read = _numbers(filled, language=language) or _flags(filled) or _dates(filled, language=language) or {}
    return [None if text in _BLANK else read.get(text, text) for text in texts]


def _numbers(filled: Sequence[str], *, language: str | None) -> dict[str, JSON]:
    distinct = dict.fromkeys(filled)
    matches = {text: _MARKED.fullmatch(text) for text in distinct}
    if not all(match and _is_plain(match) for match in matches.values()):
        return {}
    usual = "," if (language or "")[:2].lower() in _COMMA else "."
    decimal = _decimal([match for match in matches.values() if match], usual=usual)
    return {text: _number(text, decimal) for text in distinct}


def _is_plain(match: re.Match[str]) -> bool:
    whole = match.group(1)
    digits = sum(map(str.isdigit, match.group()))
    return digits <= _MOST_DIGITS and not (whole.startswith("0") and len(whole) > 1)


def _decimal(matches: Sequence[re.Match[str]], *, usual: str) -> str:
    """Return the column's decimal sign: one that cannot group thousands, else the `usual` one."""
    for match in matches:
        _whole, grouping, mark, decimals = match.groups()
        if mark and (grouping or len(decimals) != 3):
            return mark
        if grouping in {".", ","} and match.group().count(grouping) > 1:
            return "," if grouping == "." else "."
    return usual


def _number(text: str, decimal: str) -> JSON:
    plain = "".join(sign for sign in text.replace("−", "-") if sign.isdigit() or sign in {decimal, "-"})
    plain = plain.replace(decimal, ".")
    return float(plain) if "." in plain else int(plain)


def _flags(filled: Sequence[str]) -> dict[str, JSON]:
    found = {text: _YES_OR_NO.get(text.lower()) for text in dict.fromkeys(filled)}
    return {} if None in found.values() else {**found}


def _dates(filled: Sequence[str], *, language: str | None) -> dict[str, JSON]:
    distinct = dict.fromkeys(filled)
    found = {text: dates.iso(text) for text in distinct}
    if None in found.values() and len(distinct) <= MOST_WORDED_DATES and all(map(_YEAR.search, distinct)):
        for text in distinct:
            found[text] = dates.read(text, language=language)
            if found[text] is None:
                return {}
    return {} if None in found.values() else {**found}
