"""The types of declared fields: what each makes of a page's text."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from price_parser import Price

from scrapers.page import dates

if TYPE_CHECKING:
    from scrapers.page import JSON, Page


class Kind(StrEnum):
    """What a field holds; the JSON it gives stands beside it in docs/guides/scrapers.md."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    PRICE = "price"
    DATE = "date"
    URL = "url"
    BOOLEAN = "boolean"


class BadValue(ValueError):
    """A text that is not of the declared type; the message says what was found."""

    code = "bad_type"


MAX_INTEGER = 2**63 - 1
MAX_PRICE_CHARACTERS = 200
_SHOWN_CHARACTERS = 60
# The dot of "No.5" and "Rs.500" is none of the number, and a space groups what comes before the decimals.
_NUMBER = re.compile(
    r"[-+−]?(?:\d{1,3}(?:['’\s]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*|(?<![\w.,])[.,]\d+)"
)
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,3}")
_TRUE = frozenset(
    {"true", "yes", "y", "on", "1", "in stock", "instock", "available", "ja", "oui", "si", "sí", "✓", "✔"}
)
_FALSE = frozenset(
    {"false", "no", "n", "off", "0", "out of stock", "outofstock", "sold out", "soldout", "unavailable",
     "not available", "nein", "non", "✗", "✘"}
)  # fmt: skip


def convert(kind: Kind, raw: JSON, *, page: Page) -> JSON:
    """Return `raw` (text, or a value of JSON) as `kind`; raises BadValue."""
    if isinstance(raw, dict | list):
        raise BadValue(f"an object or a list is not {_a(kind)}")
    match kind:
        case Kind.TEXT:
            return _text(raw)
        case Kind.INTEGER:
            return _integer(raw)
        case Kind.NUMBER:
            return _number(raw)
        case Kind.PRICE:
            return _price(raw)
        case Kind.DATE:
            return _found(dates.read(_text(raw), language=page.language), raw, kind)
        case Kind.URL:
            return _found(page.absolute(_text(raw)), raw, kind)
        case Kind.BOOLEAN:
            return _boolean(raw)
        case _:
            assert_never(kind)


def fits(kind: Kind, value: object) -> bool:
    """Whether `value` is what `kind` gives: for defaults, which nobody converts."""
    match kind:
        case Kind.INTEGER:
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case Kind.NUMBER | Kind.PRICE:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.TEXT | Kind.DATE | Kind.URL:
            return isinstance(value, str)
        case _:
            assert_never(kind)


def parse_number(text: str, *, whole: bool = False) -> float | int | None:
    """Return the first number in `text`, None without one.

    `1,234.5`, `1.234,5`, `1 234,5` and `1'234.5` are the same. A single separator before exactly
    three digits groups thousands if it is a comma, or if a `whole` number is wanted.
    """
    exact = _SCIENTIFIC.fullmatch(text.strip())
    found = exact or _NUMBER.search(text)
    if found is None:
        return None
    digits = found.group().replace("−", "-")
    plain = digits if exact else _with_decimal_point(re.sub(r"['’\s]", "", digits), whole=whole)
    value = float(plain)
    is_whole = plain.lstrip("+-").isdigit() and abs(value) <= MAX_INTEGER
    return int(plain) if is_whole else value


def _with_decimal_point(digits: str, *, whole: bool) -> str:
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        decimal = max(".,", key=digits.rfind)
    elif points + commas > 1:
        decimal = ""
    else:
        decimal = "." if points else "," if commas else ""
        after = len(digits) - digits.find(decimal) - 1
        before = digits.lstrip("+-").find(decimal)
        groups = after == 3 and 0 < before <= 3 and not digits.lstrip("+-").startswith("0")
        if decimal and groups and (whole or decimal == ","):
            decimal = ""
    grouping = {".": ",", ",": "."}.get(decimal, ".,")
    plain = "".join(character for character in digits if character not in grouping)
    return plain.replace(",", ".") if decimal == "," else plain


def _text(raw: JSON) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return " ".join(str(raw).split())


def _number(raw: JSON, *, whole: bool = False) -> float | int:
    if isinstance(raw, bool):
        raise BadValue("true or false is not a number")
    value = raw if isinstance(raw, int | float) else parse_number(_text(raw), whole=whole)
    # NaN is not within any bounds.
    if value is None or not abs(value) <= MAX_INTEGER:
        raise BadValue(f"{shown(raw)} is not a number")
    return value


def _integer(raw: JSON) -> int:
    value = _number(raw, whole=True)
    if value != int(value):
        raise BadValue(f"{shown(raw)} is not a whole number")
    return int(value)


def _price(raw: JSON) -> float | int:
    if isinstance(raw, int | float):
        return _number(raw)
    amount = Price.fromstring(_text(raw)[:MAX_PRICE_CHARACTERS]).amount_float
    if amount is None or not math.isfinite(amount):
        raise BadValue(f"{shown(raw)} is not a price")
    return float(amount)


def _boolean(raw: JSON) -> bool:
    if isinstance(raw, bool):
        return raw
    # schema.org spells availability as a URL: https://schema.org/InStock.
    word = _text(raw).lower().rpartition("schema.org/")[2].rstrip(".!")
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise BadValue(f"{shown(raw)} is neither yes nor no")


def _found(value: str | None, raw: JSON, kind: Kind) -> str:
    if value is None:
        raise BadValue(f"{shown(raw)} is not {_a(kind)}")
    return value


def _a(kind: Kind) -> str:
    return f"an {kind}" if kind is Kind.INTEGER else f"a {kind}"


def shown(raw: JSON) -> str:
    """Return the beginning of a value, for a message."""
    text = str(raw)
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
