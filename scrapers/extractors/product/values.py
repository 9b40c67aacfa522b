"""What shops write for prices, currencies and availability, read as one form."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from price_parser import Price

if TYPE_CHECKING:
    from scrapers.page import JSON

_LONGEST_TEXT: Final = 5_000
_LONGEST_PRICE: Final = 100
_PLAIN: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?")
_CODE: Final = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
_CODES: Final = frozenset(
    {"AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP",
     "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "MAD", "MXN", "MYR", "NOK", "NZD", "PEN", "PHP",
     "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND",
     "ZAR"}
)  # fmt: skip
# Those that stand for one currency; of dollars and crowns there are several.
_SIGNS: Final = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₫": "VND",
    "฿": "THB", "₪": "ILS", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "R$": "BRL", "US$": "USD", "A$": "AUD",
    "C$": "CAD", "HK$": "HKD", "NZ$": "NZD", "S$": "SGD", "Fr.": "CHF", "лв": "BGN",
}  # fmt: skip
_AVAILABLE: Final = {
    **dict.fromkeys(
        ("instock", "instoreonly", "onlineonly", "available", "availablenow", "auflager", "lieferbar",
         "sofortlieferbar", "verfügbar", "enstock", "disponible", "disponibile", "skladem",
         "naskladě", "inmagazzino"),
        "in_stock",
    ),
    **dict.fromkeys(
        ("outofstock", "soldout", "unavailable", "notavailable", "currentlyunavailable", "oos", "ausverkauft",
         "nichtverfügbar", "nichtlieferbar", "nichtauflager", "épuisé", "rupturedestock", "agotado",
         "esaurito", "vyprodáno"),
        "out_of_stock",
    ),
    **dict.fromkeys(("preorder", "presale", "availableforpreorder", "vorbestellbar"), "preorder"),
    **dict.fromkeys(("backorder", "pending"), "backorder"),
    **dict.fromkeys(("limitedavailability", "lowstock", "limited"), "limited"),
    "discontinued": "discontinued",
    "madetoorder": "made_to_order",
    "reserved": "reserved",
}  # fmt: skip


def text(value: JSON) -> str:
    """Return what a value says in one line: its own text, its name, or that of the first of several."""
    for _ in range(3):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = value.get("name") or value.get("@value") or value.get("@id")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(str(value)[:_LONGEST_TEXT].split())


def number(value: JSON) -> float | int | None:
    """Return a number that is written as one, or as people write prices; None for none or a negative one."""
    if isinstance(value, list | dict):
        value = text(value)
    if isinstance(value, str):
        said = value.strip()[:_LONGEST_PRICE]
        value = float(said) if _PLAIN.fullmatch(said) else Price.fromstring(said).amount_float
    if value is None or isinstance(value, bool) or not math.isfinite(value) or not 0 <= value < 1e15:
        return None
    return int(value) if value == int(value) else value


def currency(said: str) -> str | None:
    """Return the code (ISO 4217) of the currency that a text names; None where it may be several."""
    said = said[:_LONGEST_PRICE]
    for code in _CODE.findall(said.upper() if len(said) == 3 else said):
        if code in _CODES or len(said) == 3:
            return str(code)
    signs = sorted((sign for sign in _SIGNS if sign in said), key=len, reverse=True)
    return _SIGNS[signs[0]] if signs else None


def availability(said: str) -> str | None:
    """Return one of our words for what schema.org, OpenGraph or a shop writes; None where it is none."""
    word = said.lower().rpartition("/")[2]
    plain = "".join(sign for sign in word if sign.isalpha())
    return _AVAILABLE.get(plain)
