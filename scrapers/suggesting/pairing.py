"""Records of a page beside those it had before: which is which, by the fields that say the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from scrapers import fields as declarations
from scrapers.suggesting import nesting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scrapers.page import JSON

    Pair = tuple[Sequence[Mapping[str, JSON]], Sequence[Mapping[str, JSON]]]

MOST_ANCHORS: Final = 4
MOST_ALIKE: Final = 10
"""A value that more of the records have tells none of them."""
_LEAD: Final = "a"


def anchors(fields: Mapping[str, Any], *, without: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return declarations of fields that records may be told by, under names of their own; a few."""
    found: dict[str, dict[str, Any]] = {}
    left_out = {path.partition(".")[0] for path in without}
    for name, one in fields.items():
        said = nesting.spelled(one)
        if name in left_out or said is None or "fields" in said or said.get("many"):
            continue
        if len(found) < MOST_ANCHORS and any(kind in said for kind in declarations.KINDS):
            found[f"{_LEAD}{name}"] = nesting.of_trial(said)
    return found


def pairs(
    read: Sequence[Mapping[str, JSON]], known: Sequence[Mapping[str, JSON]], told_by: Iterable[str]
) -> list[Pair]:
    """Return records that were read, each with the one that it was before; at the end the others together.

    One is told by what it has in common with it, more than with any other.
    """
    if len(read) <= 1 and len(known) <= 1:
        return [(read, known)]
    of_value = _of_value(known, list(told_by))
    taken: set[int] = set()
    found: list[Pair] = []
    left: list[Mapping[str, JSON]] = []
    for one in read:
        place = _place(one, of_value, taken)
        if place is None:
            left.append(one)
        else:
            taken.add(place)
            found.append(([one], [known[place]]))
    return [*found, (left, [one for place, one in enumerate(known) if place not in taken])]


def _of_value(known: Sequence[Mapping[str, JSON]], told_by: Sequence[str]) -> Mapping[bytes, list[int]]:
    """Return the places of the records that say something, by what they say in which field."""
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    for place, record in enumerate(known):
        for name in told_by:
            value = record.get(name.removeprefix(_LEAD))
            if value is not None:
                found[_key(name, value)].append(place)
    return {key: places for key, places in found.items() if len(places) <= MOST_ALIKE}


def _place(one: Mapping[str, JSON], of_value: Mapping[bytes, Sequence[int]], taken: set[int]) -> int | None:
    votes = Counter(
        place
        for name, value in one.items()
        if name.startswith(_LEAD)
        for place in of_value.get(_key(name, value), ())
        if place not in taken
    )
    best = votes.most_common(2)
    if not best or (len(best) > 1 and best[0][1] == best[1][1]):
        return None
    return best[0][0]


def _key(name: str, value: JSON) -> bytes:
    return orjson.dumps([name, value], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
