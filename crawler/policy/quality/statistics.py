"""The figures of a run's records, field by field, in bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson

from crawler.policy.replays import says_something

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_FIELDS: Final = 200
MOST_WORDS: Final = 30
"""A field with more different values than these has no vocabulary."""
LONGEST_WORD: Final = 60
FINGERPRINT_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFigures:
    """What the records of a run say in one field.

    `coverage` is the part, 0 to 1, of the records in which it says something. `types` are the parts of
    those by type of JSON, `length` the mean length of its texts in characters, None without any.
    `words` are its different values where these are few and short, else None. `least` and `most` are its
    numbers' bounds; `repeated` counts the records whose value an earlier one had, None where it was not
    counted.
    """

    coverage: float
    types: Mapping[str, float]
    length: float | None = None
    words: tuple[str, ...] | None = None
    least: float | None = None
    most: float | None = None
    repeated: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "coverage": round(self.coverage, 4),
            "types": {name: round(part, 4) for name, part in self.types.items()},
            "length": None if self.length is None else round(self.length, 1),
            "words": None if self.words is None else list(self.words),
            "least": self.least,
            "most": self.most,
            "repeated": self.repeated,
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> FieldFigures:
        words = said["words"]
        return cls(**{**said, "words": None if words is None else tuple(words)})


@dataclass(slots=True)
class _Field:
    filled: int = 0
    types: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    words: set[str] | None = field(default_factory=set)
    least: float | None = None
    most: float | None = None

    def add(self, value: Any) -> None:
        self.filled += 1
        self.types[type_of(value)] += 1
        match value:
            case str():
                self.characters += len(value)
                self._note(value)
            case bool():
                self._note("true" if value else "false")
            case int() | float():
                self.words = None
                self.least = value if self.least is None else min(self.least, value)
                self.most = value if self.most is None else max(self.most, value)
            case _:
                self.words = None

    def _note(self, word: str) -> None:
        if self.words is None:
            return
        self.words.add(word)
        if len(self.words) > MOST_WORDS or len(word) > LONGEST_WORD:
            self.words = None


class Statistics:
    """Adds records up; fields beyond two hundred are not told apart.

    `unique` names the fields of which repeated values are counted, which takes 8 bytes a record and more.
    """

    def __init__(self, *, unique: frozenset[str] = frozenset()) -> None:
        self.items = 0
        self._fields: dict[str, _Field] = {}
        self._seen: dict[str, set[bytes]] = {name: set() for name in unique}
        self._repeated: Counter[str] = Counter()

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one record."""
        self.items += 1
        for name, value in record.items():
            if not says_something(value):
                continue
            if name in self._fields or len(self._fields) < MOST_FIELDS:
                self._fields.setdefault(name, _Field()).add(value)
            if name in self._seen:
                self._compare(name, value)

    def _compare(self, name: str, value: Any) -> None:
        said = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        print_ = blake2b(said, digest_size=FINGERPRINT_BYTES).digest()
        if print_ in self._seen[name]:
            self._repeated[name] += 1
        self._seen[name].add(print_)

    def figures(self) -> dict[str, FieldFigures]:
        """Return the figures of each field, in the order in which the fields came."""
        return {name: self._figures(name, known) for name, known in self._fields.items()}

    def _figures(self, name: str, known: _Field) -> FieldFigures:
        texts = known.types["text"]
        return FieldFigures(
            coverage=known.filled / self.items,
            types={kind: many / known.filled for kind, many in known.types.most_common()},
            length=known.characters / texts if texts else None,
            words=tuple(sorted(known.words)) if known.words else None,
            least=known.least,
            most=known.most,
            repeated=self._repeated[name] if name in self._seen else None,
        )


def type_of(value: Any) -> str:
    """Return the type of a value of JSON, by the name that people read."""
    match value:
        case str():
            return "text"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case list():
            return "list"
        case _:
            return "object"
