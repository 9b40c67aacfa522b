"""Records in JSON, a page's body or what its scripts carry: objects that share their keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from scrapers.suggesting import classes, drafting, json_paths, json_places, meanings, naming, places, reading
from scrapers.suggesting.drafting import DraftField
from scrapers.suggesting.meanings import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapers.page import JSON, Page
    from scrapers.suggesting.json_places import Place
    from scrapers.suggesting.values import Candidate

MOST_FIELDS: Final = 24
MOST_KEYS: Final = 600
"""So many are looked at in all places together, those with most values first: telling dates takes long."""
_MOST_LOOKED: Final = 20
_LEAST_SHARE: Final = 0.05
_LEAST_AROUND: Final = 3
_AFTER: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """JSON that a page carries. `prefix` is what a row selector that looks into it begins with.

    `strength` is 1 where that is the page, less where it stands beside what a reader sees.
    """

    prefix: str
    value: JSON
    strength: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    row: str
    fields: tuple[DraftField, ...]
    score: float


def candidates(
    page: Page, sources: Sequence[Source], *, options: Mapping[str, Any], length: int = 0
) -> Iterator[Candidate]:
    """Yield what repeats in the JSON of a page, the best first, each as the page is read by it.

    `length` is that of the text which a reader sees beside it.
    """
    drafts = _without_parts_first(list(_drafts(page, sources, length=length)))
    for draft in sorted(drafts, key=lambda draft: (-draft.score, draft.row)):
        candidate = reading.tried(
            page, row=draft.row, drafted=draft.fields, score=draft.score, options=options
        )
        if candidate is not None:
            yield candidate


def _drafts(page: Page, sources: Sequence[Source], *, length: int) -> Iterator[_Draft]:
    found = [(source, place) for source in sources for place in json_places.of_value(source.value)]
    weighed = sorted(found, key=lambda one: -one[1].weight)
    whole = weighed[0][1].weight if weighed else 1
    left = MOST_KEYS
    for source, place in weighed:
        left -= len(json_places.columns(place.found[:_MOST_LOOKED]))
        if left < 0:
            return
        fields = fields_of(place, page)
        if sum(drafting.nearly_all(one.share, rows=len(place.found)) for one in fields) < place.least:
            continue
        share = min(place.weight / whole, _length(place) / length if length else 1.0)
        worth = drafting.worth(fields, rows=len(place.found), share=share)
        named = places.of_names(place.path) if source.strength < 1 else 1.0
        score = source.strength * named * worth
        if score >= drafting.LEAST_SCORE:
            yield _Draft(row=f"{source.prefix}{place.path}", fields=fields, score=score)


def _without_parts_first(drafts: Sequence[_Draft]) -> Iterator[_Draft]:
    """Yield drafts; those of lists within the objects of another, which says as much, come after it.

    A shop's product has variants; but of a category there is only a name, and its products are the records.
    """
    for draft in drafts:
        around = [
            other.score
            for other in drafts
            if draft.row.startswith((f"{other.row}.", f"{other.row}["))
            and len(other.fields) >= max(_LEAST_AROUND, len(draft.fields))
        ]
        yield replace(draft, score=min((draft.score, *(_AFTER * score for score in around))))


def _length(place: Place) -> int:
    """Return how many characters the objects say."""
    return sum(len(str(value)) for one in place.found for value in one.values() if _is_plain(value))


def fields_of(place: Place, page: Page) -> tuple[DraftField, ...]:
    """Return a field for each key with plain values or lists of them, also in objects one level down."""
    taken: set[str] = set()
    found = list(_fields(page, _plain_columns(place), rows=len(place.found), taken=taken))
    priced = any(field.meaning is Meaning.PRICE for field in found)
    parts = () if priced else _fields(page, _columns_of_first(place), rows=len(place.found), taken=set())
    prices = (
        replace(one, name=naming.unique("price", taken)) for one in parts if one.meaning is Meaning.PRICE
    )
    return (*found[: MOST_FIELDS - 1], *islice(prices, 1))


def _fields(
    page: Page,
    found: Iterator[tuple[tuple[str, ...], str, list[JSON]]],
    *,
    rows: int,
    taken: set[str],
) -> Iterator[DraftField]:
    for path, selector, values in found:
        share = len(values) / rows
        if share < _LEAST_SHARE or not all(map(json_paths.can_select, path)):
            continue
        name = _name(path)
        members = [member for value in values for member in (value if isinstance(value, list) else [value])]
        if not name or not members:
            continue
        many = any(isinstance(value, list) for value in values)
        meaning = meanings.of_json(members, words=_words(path), page=page)
        said = meanings.declared({"jmespath": selector}, aspect="", meaning=meaning)
        said = said | ({"many": True} if many else {})
        said = {key: value for key, value in said.items() if key != "attr"}
        unique = naming.unique(name, taken)
        yield DraftField(name=unique, meaning=meaning, declared=said, share=share)


def _columns_of_first(place: Place) -> Iterator[tuple[tuple[str, ...], str, list[JSON]]]:
    """Yield what the first object says of each list of objects: the price of the first variant."""
    for key, values in json_places.columns(place.found).items():
        firsts = [
            value[0] for value in values if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        if len(firsts) < len(values):
            continue
        for inner, inside in json_places.columns(firsts).items():
            if all(map(_is_plain, inside)):
                selector = f"{json_paths.quoted(key)}[0].{json_paths.quoted(inner)}"
                yield (inner,), selector, inside


def _plain_columns(place: Place) -> Iterator[tuple[tuple[str, ...], str, list[JSON]]]:
    for key, values in json_places.columns(place.found).items():
        held = [value for value in values if isinstance(value, dict)]
        if key in json_places.LABELS:
            continue
        if len(held) == len(values):
            for inner, inside in json_places.columns(held).items():
                if inner not in json_places.LABELS and all(map(_is_plain, inside)):
                    yield (key, inner), ".".join(map(json_paths.quoted, (key, inner))), inside
        elif all(map(_is_plain, values)):
            yield (key,), json_paths.quoted(key), values


def _is_plain(value: JSON) -> bool:
    """Whether a field can read `value`: it is no object, and no list of others."""
    members = value if isinstance(value, list) else [value]
    return not any(isinstance(member, dict | list) for member in members)


def _words(path: Sequence[str]) -> frozenset[str]:
    return frozenset(word for key in path for word in classes.words(key))


def _name(path: Sequence[str]) -> str:
    """Return the keys as a name that a field may have."""
    name = "_".join(key.replace(".", "_").strip() for key in path)
    return name.lstrip("_@")[: json_paths.MOST_CHARACTERS - 10]
