"""What a date on a page means, as ISO 8601 text."""

from __future__ import annotations

from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MAX_CHARACTERS = 100
_YEAR_FIRST = frozenset({"ja", "ko", "zh", "hu", "lt", "mn", "fa"})
_MONTH_FIRST = frozenset({"en", "en-us", "en-ph", "es-us"})
_DATEPARSER = {
    # Nothing that depends on today: the same page must always read the same.
    "PARSERS": ["absolute-time"],
    "REQUIRE_PARTS": ["day", "month", "year"],
}


def iso(text: str) -> str | None:
    """Return `text` in ISO 8601 when it is already ISO-like, None otherwise (about 1 µs)."""
    text = text.strip()
    if len(text) < len("2024-1-1") or len(text) > _MAX_CHARACTERS or not text[0].isdigit():
        return None
    try:
        if len(text) <= len("2024-01-01"):
            return date.fromisoformat(text).isoformat()
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None


def read(text: str, *, language: str | None = None) -> str | None:
    """Return the date or moment that `text` names in ISO 8601, None when it names none.

    Tried in order: ISO 8601, the form of HTTP and mail (RFC 5322), then the words of `language`
    and English. A moment keeps its offset; a text without a time gives a date alone. "Yesterday"
    is no date: it would change its meaning with every reading.
    """
    text = " ".join(text.split())
    if not text or len(text) > _MAX_CHARACTERS or not any(map(str.isdigit, text)):
        return None
    return iso(text) or _mail(text) or _worded(text, language)


def within(moment: str, zone: ZoneInfo) -> str:
    """Return a moment without an offset as one of `zone`; a date, or a moment with one, as it is."""
    if "T" not in moment:
        return moment
    read = datetime.fromisoformat(moment)
    return moment if read.tzinfo else read.replace(tzinfo=zone).isoformat()


def _mail(text: str) -> str | None:
    if ":" not in text:
        return None
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, OverflowError):
        return None


def _worded(text: str, language: str | None) -> str | None:
    # Imported here: dateparser takes 70 ms to load, and most crawls never meet such a date.
    import dateparser

    own = (language or "en").replace("_", "-").lower()
    settings = {**_DATEPARSER, "DATE_ORDER": _order(own)}
    for name in dict.fromkeys((own.partition("-")[0], "en")):
        try:
            moment = dateparser.parse(text, languages=[name], settings=settings)
        except ValueError:
            # A language dateparser has no words for.
            continue
        if moment is not None:
            return moment.isoformat() if ":" in text else moment.date().isoformat()
    return None


def _order(language: str) -> str:
    """Return how people who write `language` order the numbers of a date like 03/04/2024."""
    if language.partition("-")[0] in _YEAR_FIRST:
        return "YMD"
    return "MDY" if language in _MONTH_FIRST else "DMY"
