"""Values that stand beside labels within each row: lists of terms and small tables of facts in a card."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import outline, spots
from scrapers.suggesting.columns import MOST_INSIDE, Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapers.suggesting.outline import Element
    from scrapers.suggesting.spots import Spot

MOST_LABELS: Final = 12
_MOST_OF_LABEL: Final = 40
_LEAST_SHARE: Final = 0.4
_STRENGTH: Final = 0.9
_LEAST_LABELS: Final = 2
"""One label alone is found by where it stands."""
_OF_TERM: Final = './/dt[normalize-space()="{}"]/following-sibling::dd[1]'
_OF_LINE: Final = './/tr[th[normalize-space()="{}"]]/td[1]'


def corrected(found: list[Column], *, rows: Sequence[Element]) -> list[Column]:
    """Return the columns of `rows`, already sampled, those that have labels by these."""
    added = list(islice(_columns(rows), MOST_LABELS))
    if len(added) < _LEAST_LABELS:
        return found
    known = {(row, spot.element.number) for column in added for row, spot in column.spots.items()}
    labels = {(row, label) for row, label in _labels(rows)}
    kept = [
        column
        for column in found
        if not any(
            (row, number) in known or (row, number) in labels
            for row, aspect, number in column.places
            if aspect == spots.TEXT
        )
    ]
    return sorted([*kept, *added], key=lambda column: (column.first.element.number, column.aspect))


def _columns(rows: Sequence[Element]) -> Iterator[Column]:
    """Yield a column for each label that enough of the rows have, with values that are not all the same."""
    by_selector: dict[str, dict[int, Spot]] = defaultdict(dict)
    for index, row in enumerate(rows):
        for label, value, path in _pairs(row):
            said = _plain(label)
            for spot in spots.of_element(value, row=row):
                if said and spot.aspect == spots.TEXT:
                    by_selector[path.format(said)].setdefault(index, spot)
    for selector, there in by_selector.items():
        share = len(there) / len(rows)
        if share >= _LEAST_SHARE and len(there) > 1:
            yield Column(
                selector=selector,
                language="xpath",
                strength=_STRENGTH,
                aspect=spots.TEXT,
                spots=there,
                share=share,
            )


def _labels(rows: Sequence[Element]) -> Iterator[tuple[int, int]]:
    for index, row in enumerate(rows):
        for label, _value, _path in _pairs(row):
            yield index, label.number


def _pairs(row: Element) -> Iterator[tuple[Element, Element, str]]:
    """Yield label, value and the XPath to the value for any label."""
    if row.tag in {"tr", "dt"}:
        return
    for element in outline.inside(row, most=MOST_INSIDE):
        siblings = element.parent.children if element.parent is not None else []
        after = siblings[siblings.index(element) + 1 :][:1] if element.tag in {"dt", "th"} else []
        if element.tag == "dt" and after and after[0].tag == "dd":
            yield element, after[0], _OF_TERM
        elif element.tag == "th" and [one.tag for one in siblings] == ["th", "td"]:
            yield element, siblings[1], _OF_LINE


def _plain(label: Element) -> str:
    """Return what a label says, empty where XPath cannot say it."""
    said = outline.text(label)
    return (
        said
        if len(said) <= _MOST_OF_LABEL and '"' not in said and said.isprintable() and "{" not in said
        else ""
    )
