"""Which field tells the records of a list apart, so that each is the same item at the next visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapers.page import JSON

_NUMBERS: Final = ("id", "sku", "gtin", "ean", "isbn", "uuid", "guid")
"""What sites call that by which they tell things apart, the surest first."""


def of_records(records: Sequence[Mapping[str, JSON]], *, link: str) -> tuple[str, ...]:
    """Return the field that each record has with a value of its own: a number of the site's, else the `link`.

    Empty where none does: a name may come twice on another page, and prices change.
    """
    for name in (*_NUMBERS, link):
        values = [record.get(name) for record in records]
        if all(_tells(value) for value in values) and len(set(map(str, values))) == len(values):
            return (name,)
    return ()


def _tells(value: JSON) -> bool:
    """Whether a value can be what something is known by."""
    return isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""
