"""What a column's values are: a price, a date, a number, whether there is any left, or plain text."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from scrapers.fields import Kind
from scrapers.fields.types import MAX_INTEGER, BadValue, convert
from scrapers.suggesting import spots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapers.page import JSON, Page


class Meaning(StrEnum):
    """What a suggested field holds, as people say it; its type in the declaration follows from it."""

    TEXT = "text"
    URL = "url"
    IMAGE = "image"
    PRICE = "price"
    NUMBER = "number"
    DATE = "date"
    INTEGER = "integer"
    RATING = "rating"
    STOCK = "stock"
    FLAG = "yes or no"


WEIGHTS: Final[Mapping[Meaning, float]] = {
    Meaning.TEXT: 0.8,
    Meaning.URL: 0.9,
    Meaning.IMAGE: 0.6,
    Meaning.PRICE: 1.2,
    Meaning.NUMBER: 0.5,
    Meaning.INTEGER: 0.5,
    Meaning.DATE: 0.8,
    Meaning.RATING: 0.6,
    Meaning.STOCK: 0.6,
    Meaning.FLAG: 0.4,
}
"""What a field of each adds to a record: lists of products say more than lists of links."""
LEAST_FIT: Final = 0.9
_MOST_READ: Final = 12
_MOST_DATES: Final = 4
_CURRENCY = re.compile(
    r"[$€£¥₹₽₩₺₴₫฿₪₱]|(?<![A-Za-z])(?:USD|EUR|GBP|CHF|CZK|PLN|SEK|NOK|DKK|HUF|RON|BGN|RUB|TRY|JPY|CNY|AUD|CAD"
    r"|NZD|INR|BRL|MXN|ZAR|Kč|zł|kr|Ft|lei|руб|元|円)(?![A-Za-z])"
)
_COUNT = re.compile(r"\(?[-+−]?\d[\d.,'\s]*\)?(?:\s?%|\s+[^\W\d]{3,15}(?:\s[^\W\d]{3,15})?)?")
_LONG_NUMBER = re.compile(r"\d{13}|\A0\d|\d[-/]\d|\A\+\d+\s\d|\d\s(?:\d{1,2}|\d{4,})(?!\d)|\d\.\d{1,2}\.")
"""Numbers that are read by their digits: of articles, telephones, chapters, years from and to."""
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
_PILCROW = re.compile(r"\s*¶$")
"""What tools for documentation put behind headings and terms, as a link to these."""
_GAP = re.compile(r"^(?:[-–—−?….]+|[Nn]/?[Aa])$")
_FIRST_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_MOST_STARS: Final = 10
_TYPES: Final[Mapping[Meaning, Kind]] = {
    Meaning.TEXT: Kind.TEXT,
    Meaning.URL: Kind.URL,
    Meaning.IMAGE: Kind.URL,
    Meaning.PRICE: Kind.PRICE,
    Meaning.NUMBER: Kind.NUMBER,
    Meaning.INTEGER: Kind.INTEGER,
    Meaning.DATE: Kind.DATE,
    Meaning.RATING: Kind.NUMBER,
    Meaning.STOCK: Kind.BOOLEAN,
    Meaning.FLAG: Kind.BOOLEAN,
}
_PRICES = frozenset(
    {"price", "preis", "prix", "precio", "prezzo", "preco", "cena", "prijs", "pris", "amount"}
)
_STOCKS = frozenset({"stock", "available", "availability"})
_IMAGES = frozenset({"image", "images", "img", "picture", "photo", "thumbnail", "thumb", "avatar", "icon"})
_URL = re.compile(r"(?:https?:/)?/[^\s]+\Z", re.IGNORECASE)
_RATINGS = frozenset(
    {"rating", "ratings", "stars", "score", "bewertung", "note", "puntuacion", "valutazione"}
)


def of_values(values: Sequence[str], *, aspect: str, words: frozenset[str], page: Page) -> Meaning:
    """Return what `values` are; `words` are those that the element and its attribute are named by."""
    if aspect == spots.LINK:
        return Meaning.URL
    if spots.is_image(aspect):
        return Meaning.IMAGE
    if aspect == spots.DATE:
        return Meaning.DATE if _fit(Kind.DATE, values[:_MOST_DATES], page) else Meaning.TEXT
    seen = list(dict.fromkeys(without_gaps(values)))[:_MOST_READ]
    if aspect in {"aria-label", "title"} or (words & _RATINGS and _are_ratings(seen)):
        return Meaning.RATING
    return _of_text(seen, words=words, page=page)


def _of_text(seen: Sequence[str], *, words: frozenset[str], page: Page) -> Meaning:
    if _are_prices(seen, words, page):
        return Meaning.PRICE
    if _are_dates(seen, page):
        return Meaning.DATE
    if not any(any(map(str.isdigit, value)) for value in seen) and _fit(Kind.BOOLEAN, seen, page, least=1.0):
        return Meaning.STOCK
    if not _are_numbers(seen, page):
        return Meaning.TEXT
    # 1.204 is whole beside 41, and maybe not beside 2.125
    plain = any(re.search(r"\d[.,]\d", value) is None for value in seen)
    return Meaning.INTEGER if plain and _fit(Kind.INTEGER, seen, page, least=1.0) else Meaning.NUMBER


def without_gaps(values: Sequence[str]) -> list[str]:
    """Return values without the signs that people write where there is none, unless those are the most."""
    there = [value for value in values if not _GAP.fullmatch(value)]
    return there if 2 * len(there) > len(values) else list(values)


def of_json(values: Sequence[JSON], *, words: frozenset[str], page: Page) -> Meaning:
    """Return what plain values of JSON are; `words` are those of their key."""
    if all(isinstance(value, bool) for value in values):
        return Meaning.STOCK if words & _STOCKS else Meaning.FLAG
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        if any(abs(number) > MAX_INTEGER for number in numbers):
            return Meaning.TEXT  # as text each of them is kept
        if words & _PRICES:
            return Meaning.PRICE
        if words & _RATINGS and max(numbers) <= _MOST_STARS:
            return Meaning.RATING
        return Meaning.INTEGER if all(isinstance(value, int) for value in values) else Meaning.NUMBER
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(values):
        return Meaning.TEXT
    if all(_URL.match(text) for text in texts):
        return Meaning.IMAGE if words & _IMAGES else Meaning.URL
    return _of_text(list(dict.fromkeys(texts))[:_MOST_READ], words=words, page=page)


def without_pilcrows(values: Sequence[str]) -> dict[str, Any]:
    """Return what a field says besides, whose values mostly end with the sign of a link to themselves."""
    ending = sum(_PILCROW.search(value) is not None for value in values)
    return {"transform": [{"replace": [_PILCROW.pattern, ""]}]} if 2 * ending > len(values) else {}


def declared(
    selector: Mapping[str, str], *, aspect: str, meaning: Meaning, gaps: bool = False
) -> dict[str, Any]:
    """Return the field that reads `meaning` from what `selector` finds, in the words of `fields`.

    With `gaps` a sign for nothing, such as a dash, is nothing.
    """
    found: dict[str, Any] = {**selector}
    implied = aspect in {spots.TEXT, spots.LINK, "src"} or (aspect == spots.DATE and meaning is Meaning.DATE)
    if not implied:
        found["attr"] = aspect
    if gaps and meaning is not Meaning.TEXT:
        found["transform"] = [{"replace": [_GAP.pattern, ""]}]
    return found | {"type": _TYPES[meaning].value}


def _are_prices(seen: Sequence[str], words: frozenset[str], page: Page) -> bool:
    if any(len(value) > 40 for value in seen) or not _fit(Kind.PRICE, seen, page):
        return False
    with_currency = sum(_CURRENCY.search(value) is not None for value in seen)
    return with_currency >= LEAST_FIT * len(seen) or bool(words & _PRICES and _are_numbers(seen, page))


def _are_ratings(seen: Sequence[str]) -> bool:
    numbers = [_FIRST_NUMBER.search(value) for value in seen if len(value) <= 40]
    return len(numbers) == len(seen) and all(
        number is not None and float(number.group().replace(",", ".")) <= _MOST_STARS for number in numbers
    )


def _are_dates(seen: Sequence[str], page: Page) -> bool:
    dated = all(len(value) <= 45 and _YEAR.search(value) and not value.isdigit() for value in seen)
    return dated and _fit(Kind.DATE, seen[:_MOST_DATES], page, least=1.0)


def _are_numbers(seen: Sequence[str], page: Page) -> bool:
    plain = all(_COUNT.fullmatch(value) and not _LONG_NUMBER.search(value) for value in seen)
    return plain and _fit(Kind.NUMBER, seen, page, least=1.0)


def _fit(kind: Kind, values: Sequence[str], page: Page, *, least: float = LEAST_FIT) -> bool:
    fitting = 0
    for value in values:
        try:
            convert(kind, value, page=page)
        except BadValue:
            continue
        fitting += 1
    return bool(values) and fitting >= least * len(values)
