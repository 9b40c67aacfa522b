"""Which records of a run are those in which it looks otherwise than before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.policy.quality.drift import LONGER
from crawler.policy.quality.inside import values
from crawler.policy.quality.types import type_of
from crawler.policy.replays import says_something

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from crawler.policy.quality.rules import Breach
    from crawler.policy.quality.statistics import FieldFigures

MOST_PAGES: Final = 10
"""So many pages are named for each difference."""


def is_broken(breach: Breach, value: Any, *, known: frozenset[str] = frozenset()) -> bool:
    """Say whether a field's value, None where a record has none, is one of those that `breach` is about.

    `known` are the words that the field has said.
    """
    if breach.rule == "coverage":
        return not says_something(value)
    if not says_something(value):
        return False
    match breach.rule, value:
        case "type", _:
            return type_of(value) != breach.wanted
        case "length", str():
            wanted = float(breach.wanted)
            return len(value) > LONGER * wanted or len(value) < wanted / LONGER
        case "words", bool():
            return ("true" if value else "false") not in known
        case "words", str():
            return value not in known
        case _:
            return False


def words_of(field: str, past: Iterable[tuple[int, Mapping[str, FieldFigures]]]) -> frozenset[str]:
    """Return all words that a field has said in runs before."""
    return frozenset(word for _many, fields in past if field in fields for word in fields[field].words or ())


def pages(
    breaches: Sequence[Breach],
    records: Iterable[tuple[str, Mapping[str, Any]]],
    past: Sequence[tuple[int, Mapping[str, FieldFigures]]],
) -> list[list[str]]:
    """Return for each of `breaches` the first pages whose records it is about; of the whole run's, none.

    `records` are read no further than needed.
    """
    found: list[dict[str, None]] = [{} for _ in breaches]
    open_ = {place: words_of(breach.field, past) for place, breach in enumerate(breaches) if breach.field}
    inside = {name for _many, fields in past for name, one in fields.items() if one.is_inside}
    for url, record in records if open_ else ():
        for place in list(_about(open_, breaches, record, inside)):
            found[place].setdefault(url)
            if len(found[place]) >= MOST_PAGES:
                del open_[place]
        if not open_:
            break
    return [list(urls) for urls in found]


def _about(
    open_: Mapping[int, frozenset[str]],
    breaches: Sequence[Breach],
    record: Mapping[str, Any],
    inside: AbstractSet[str],
) -> Iterator[int]:
    for place, known in open_.items():
        breach = breaches[place]
        name = breach.field or ""
        many = values(record, name) if name in inside else [record.get(name)]
        if any(is_broken(breach, value, known=known) for value in many):
            yield place
