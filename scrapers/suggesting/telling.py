"""Whether what was found says more than chance would: numbers such as 1, and true, stand in many places."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from scrapers import fields as declarations
from scrapers.suggesting import classes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scrapers.page import JSON

SMALL: Final = 100
LEAST_LETTERS: Final = 3
LEAST_SHARE: Final = 0.5
"""Of the values that are not the commonest one."""
_LEAST_WORD: Final = 3
_SAID_OFTEN: Final = frozenset({"true", "false", "yes", "none", "null", "n/a"})


@dataclass(frozen=True, slots=True)
class Told:
    """What known values say by themselves: how many they are, and how many are the one that is the most.

    They are `plain` where each of them stands in many places of any page.
    """

    many: int
    commonest: int
    plain: bool

    @classmethod
    def by(cls, values: Sequence[JSON]) -> Told:
        said = Counter(
            orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS) for value in values
        )
        plain = all(map(is_plain, values))
        return cls(many=len(values), commonest=max(said.values(), default=0), plain=plain)

    def is_enough(self, restored: int) -> bool:
        """Whether so many restored are far more than what says the same of every record would give."""
        beyond, rest = restored - self.commonest, self.many - self.commonest
        return not self.plain or 0 < LEAST_SHARE * rest <= beyond


def words(name: str, said: Mapping[str, Any] | None = None) -> frozenset[str]:
    """Return the words that a field is called by: its name, and what its selector ends with."""
    selector = _selector(said or {})
    last = selector.replace("]", " ").replace('"', " ").split(".")[-1].split()
    found = (word for one in (name, *last[-1:]) for word in classes.words(one))
    return frozenset(word for word in found if len(word) >= _LEAST_WORD)


def is_named(said: Mapping[str, Any], wanted: Iterable[str]) -> bool:
    """Whether a declaration finds what is called by any of the words."""
    return not set(wanted).isdisjoint(classes.words(f"{_selector(said)} {said.get('attr', '')}"))


def _selector(said: Mapping[str, Any]) -> str:
    return next((str(said[kind]) for kind in declarations.KINDS if kind in said), "")


def is_plain(value: JSON) -> bool:
    """Whether a value stands in many places of any page: a small number, a flag, a letter or two."""
    match value:
        case bool() | None:
            return True
        case int() | float():
            return abs(value) < SMALL and float(value).is_integer()
        case str():
            return len(value) < LEAST_LETTERS or value.casefold() in _SAID_OFTEN
        case list():
            return all(map(is_plain, value))
        case _:
            return False
