"""Where JSON says what is known: the ways to the values that do, or that are called as what is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from scrapers.suggesting import classes, finding, json_walking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapers.page import JSON
    from scrapers.suggesting.json_walking import Node

MOST_COMPARED: Final = 40
"""With so many of what is known a text is compared that is the same as none of it."""
_LONGEST: Final = 5_000
_SHORT: Final = 20
"""Longer than that, a text that ends early is the beginning of what is known; shorter, it may be a number."""
_FLAGS: Final = frozenset({"true", "false", "yes", "no", "1", "0", "on", "off", "y", "n"})
_UNNAMED: Final = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: what known values look like, and how what holds them may be called."""

    same: frozenset[str]
    parts: Sequence[str]
    links: Sequence[str]
    numbers: Sequence[frozenset[str]]
    wholes: frozenset[bytes]
    flags: bool
    words: frozenset[str]

    @classmethod
    def of_values(cls, values: Sequence[JSON], words: frozenset[str]) -> Wanted:
        needles = finding.needles(values)
        some = needles[:: max(1, len(needles) // MOST_COMPARED)][:MOST_COMPARED]
        return cls(
            same=frozenset(needles),
            parts=[one for one in some if "://" not in one and not one.startswith("#")],
            links=[one for one in some if "://" in one],
            numbers=[frozenset(finding.digits(one)) for one in some if one.startswith("#")],
            wholes=frozenset(_whole(value) for value in values if isinstance(value, dict | list)),
            flags=any(isinstance(value, bool) for value in values),
            words=words,
        )

    def is_said(self, raw: JSON) -> bool:
        """Whether a value of JSON says any of what is known."""
        if raw is None:
            return False
        if isinstance(raw, dict | list):
            return bool(self.wholes) and _whole(raw) in self.wholes
        if isinstance(raw, bool) or (self.flags and str(raw).casefold() in _FLAGS):
            return self.flags
        if isinstance(raw, int | float):
            return f"#{raw:g}" in self.same or str(raw) in self.same
        text = finding.plain(str(raw)[:_LONGEST])
        return text in self.same or (bool(text) and self._has_part(text))

    def _has_part(self, text: str) -> bool:
        """Whether a text has what is known in it, as `finding.says`, which asks for one after the other."""
        if any(one in text for one in self.parts):
            return True
        if len(text) > _SHORT and any(one.startswith(text) for one in self.parts):
            return True
        if any(finding.says(text, one) for one in self.links):
            return True
        if not self.numbers or len(text) > _SHORT:
            return False
        said = finding.digits(text)
        return any(one <= said for one in self.numbers)

    def is_called(self, key: str) -> bool:
        return not self.words.isdisjoint(classes.words(key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value that may be read by `path`; `says` whether it is one that is known."""

    path: str
    strength: float
    raw: JSON
    says: bool


def of_value(value: JSON, wanted: Wanted, *, many: bool) -> Iterator[Found]:
    """Yield the ways to what says, or is called as, what is wanted."""
    for node in json_walking.nodes(value, many=many):
        says = wanted.is_said(node.value)
        if says or (_is_plain(node) and wanted.is_called(node.key)):
            factor = 1.0 if wanted.is_called(node.key) else _UNNAMED
            for way in node.ways:
                yield Found(path=way.path or "@", strength=factor * way.strength, raw=node.value, says=says)


def _is_plain(node: Node) -> bool:
    return node.value is not None and not isinstance(node.value, dict | list)


def _whole(value: JSON) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
