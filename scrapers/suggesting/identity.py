"""Which field tells the records of a list apart, so that each is the same item at the next visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapers.page import JSON

_NUMBERS: Final = ("id", "sku", "gtin", "ean", "isbn", "uuid", "guid")
"""What sites call that by which they tell things apart, the surest first."""
_OF_THINGS: Final = frozenset(
    {"itemid", "productid", "articleid", "listingid", "offerid", "jobid", "eventid"}
)
"""The same, called after what the records are: an id of a seller or of a shelf is none of these."""


def of_records(records: Sequence[Mapping[str, JSON]], *, link: str) -> tuple[str, ...]:
    """Return the field that each record has with a value of its own: a number of the site's, else the `link`.

    Empty where none does: a name may come twice on another page, and prices change.
    """
    of_things = (name for name in (records[0] if records else ()) if _plain(name) in _OF_THINGS)
    for name in (*_NUMBERS, *of_things, link):
        values = [record.get(name) for record in records]
        if all(_tells(value) for value in values) and len(set(map(str, values))) == len(values):
            return (name,)
    return ()


def _plain(name: str) -> str:
    """Return a name in small letters and as one word: `itemid` of `item_id` and of `itemId`."""
    return name.lower().replace("_", "").replace("-", "")


def _tells(value: JSON) -> bool:
    """Whether a value can be what something is known by."""
    return isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""
