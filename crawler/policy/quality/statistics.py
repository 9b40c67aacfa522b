"""The figures of a run's records, field by field, in bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson

from crawler.policy.quality import inside
from crawler.policy.quality.types import type_of
from crawler.policy.replays import says_something

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_FIELDS: Final = 200
MOST_BEYOND: Final = 10_000
"""So many fields more are counted, without their figures."""
MOST_INSIDE: Final = 60
"""So many fields of objects inside the records are told apart."""
MOST_KEYS: Final = 30
"""Objects at one path with more different keys than these hold data by keys, and no fields."""
MOST_NAMED: Final = 10
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

    Of a field that objects inside the records have, `records` is in how many such objects stand; None
    for fields of the records themselves. Each of these records counts the same, however many objects it
    has, and its words are that of its first object: one long list says no more than a short one.
    """

    coverage: float
    types: Mapping[str, float]
    length: float | None = None
    words: tuple[str, ...] | None = None
    least: float | None = None
    most: float | None = None
    repeated: int | None = None
    records: int | None = None

    @property
    def is_inside(self) -> bool:
        return self.records is not None

    def as_json(self) -> dict[str, Any]:
        inside = {} if self.records is None else {"records": self.records}
        return inside | {
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


def fields_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures that a report keeps by field, what is inside of each after it.

    They are apart there, as earlier versions of Trawl, whose reports have none inside, know the others alone.
    """
    found: dict[str, Any] = {}
    inner: Mapping[str, Any] = data.get("inside", {})
    for name, figures in data["fields"].items():
        found[name] = figures
        found |= {path: one for path, one in inner.items() if path.partition(".")[0] == name}
    return {**found, **inner}  # a rule may name what stands in a field that is beyond those told apart


def untold(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield sentences on what a report has no figures of, for people."""
    said = data.get("untold") or {}
    if many := said.get("fields"):
        fields = f"{many:,} more field{'s are' if many > 1 else ' is'}"
        yield f"{fields} not told apart here, nor compared with runs before; rules may name them."
    if keyed := said.get("keyed"):
        more = f" and {len(keyed) - MOST_NAMED:,} more" if len(keyed) > MOST_NAMED else ""
        yield (
            f"Objects in {', '.join(keyed[:MOST_NAMED])}{more} have more than {MOST_KEYS} different names: "
            "what stands in them is not told apart, nor compared with runs before; rules may name it."
        )


@dataclass(slots=True)
class _Field:
    filled: float = 0.0
    types: dict[str, float] = field(default_factory=dict)
    characters: float = 0.0
    words: set[str] | None = field(default_factory=set)
    least: float | None = None
    most: float | None = None

    def add(self, value: Any, *, part: float = 1.0, notes: bool = True) -> None:
        """Count a value as `part` of a record; without `notes` its word is not kept."""
        self.filled += part
        kind = type_of(value)
        self.types[kind] = self.types.get(kind, 0.0) + part
        match value:
            case str():
                self.characters += part * len(value)
                self._note(value, notes=notes)
            case bool():
                self._note("true" if value else "false", notes=notes)
            case int() | float():
                self.words = None
                self.least = value if self.least is None else min(self.least, value)
                self.most = value if self.most is None else max(self.most, value)
            case _:
                self.words = None

    def _note(self, word: str, *, notes: bool) -> None:
        if self.words is None or not notes:
            return
        self.words.add(word)
        if len(self.words) > MOST_WORDS or len(word) > LONGEST_WORD:
            self.words = None

    def figures(self, *, of: int, records: int | None, repeated: int | None) -> FieldFigures:
        """Return the figures of a field that `of` records may have."""
        texts = self.types.get("text")
        kinds = sorted(self.types.items(), key=lambda one: -one[1])
        return FieldFigures(
            coverage=min(1.0, self.filled / of),
            types={kind: part / self.filled for kind, part in kinds},
            length=self.characters / texts if texts else None,
            words=tuple(sorted(self.words)) if self.words else None,
            least=self.least,
            most=self.most,
            repeated=repeated,
            records=records,
        )


@dataclass(slots=True)
class _Objects:
    """The objects that stand at one path: in how many records, and their fields.

    `keyed` ones hold data by keys, and have no fields but those that are `wanted`.
    """

    wanted: frozenset[str] = frozenset()
    records: int = 0
    fields: dict[str, _Field] = field(default_factory=dict)
    keyed: bool = False

    def add(self, many: Sequence[Mapping[str, Any]], *, room: int) -> int:
        """Count a record by its objects, with `room` for fields that are not wanted; return what is left."""
        self.records += 1
        noted = set[str]()
        for one in many:
            for name, value in one.items():
                if not says_something(value):
                    continue
                if name not in self.fields and name not in self.wanted:
                    if self.keyed or not room or not inside.is_name(name):
                        continue
                    room -= 1
                said = self.fields.setdefault(name, _Field())
                said.add(value, part=1 / len(many), notes=name not in noted)
                noted.add(name)
        return room if self.keyed or len(self.fields) <= MOST_KEYS else room + self._let_go()

    def _let_go(self) -> int:
        """Take what stands here for data by keys; return how many fields are not told apart any more."""
        many = len(self.fields)
        self.keyed = True
        self.fields = {name: one for name, one in self.fields.items() if name in self.wanted}
        return many - len(self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """What has no figures: how many `fields` beyond the bound, and the paths of objects with data by keys."""

    fields: int = 0
    keyed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"fields": self.fields, "keyed": list(self.keyed)}


class Statistics:
    """Adds records up; fields beyond two hundred, and sixty inside of objects, are not told apart.

    Those that rules ask for (`wanted`), and those that are compared with runs before (`usual`), always are,
    by the same paths: what was not counted would be told to be missing. `unique` names those of which
    repeated values are counted, which takes 8 bytes a value and more.
    """

    def __init__(
        self,
        *,
        wanted: frozenset[str] = frozenset(),
        unique: frozenset[str] = frozenset(),
        usual: frozenset[str] = frozenset(),
    ) -> None:
        self.items = 0
        self._wanted = wanted | unique | usual
        self._at = inside.by_place(self._wanted)
        self._unique_at = inside.by_place(unique)
        self._fields: dict[str, _Field] = {}
        self._beyond: set[str] = set()
        self._objects: dict[str, _Objects] = {}
        many_inside = sum(bool(inside.outer(name)) for name in usual)
        self._room = max(0, MOST_FIELDS - len(usual) + many_inside)
        self._room_inside = max(0, MOST_INSIDE - many_inside)
        self._seen: dict[str, set[bytes]] = {name: set() for name in unique}
        self._repeated: Counter[str] = Counter()

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one record."""
        self.items += 1
        has_objects = False
        for name, value in record.items():
            if not says_something(value):
                continue
            has_objects = has_objects or isinstance(value, (dict, list))
            if name in self._fields or self._is_told(name):
                self._fields.setdefault(name, _Field()).add(value)
            if name in self._seen:
                self._compare(name, [value])
        if has_objects:
            self._look_inside(record)

    def _is_told(self, name: str) -> bool:
        """Say whether a field that comes for the first time is told apart."""
        if name in self._wanted:
            return True
        if self._room:
            self._room -= 1
            return True
        if len(self._beyond) < MOST_BEYOND:
            self._beyond.add(name)
        return False

    def _look_inside(self, record: Mapping[str, Any]) -> None:
        for path, many in inside.objects(record, also=self._at).items():
            wanted = self._at.get(path)
            around = self._objects.get(inside.outer(path))
            if wanted is None and around is not None and around.keyed:
                continue
            if path not in self._objects:
                if wanted is None and len(self._objects) >= MOST_INSIDE:
                    continue
                self._objects[path] = _Objects(wanted or frozenset())
            self._room_inside = self._objects[path].add(many, room=self._room_inside)
            for name in self._unique_at.get(path, ()):
                self._compare(f"{path}.{name}", [one[name] for one in many if says_something(one.get(name))])

    def _compare(self, name: str, values: Sequence[Any]) -> None:
        """Count a record as a repetition where one of its values came before, in itself or in another."""
        seen, is_repeated = self._seen[name], False
        for value in values:
            said = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
            print_ = blake2b(said, digest_size=FINGERPRINT_BYTES).digest()
            is_repeated = is_repeated or print_ in seen
            seen.add(print_)
        self._repeated[name] += is_repeated

    def figures(self) -> dict[str, FieldFigures]:
        """Return the figures of each field, in the order in which the fields came; then those inside."""
        found = {
            name: known.figures(of=self.items, records=None, repeated=self._repeats(name))
            for name, known in self._fields.items()
        }
        for path, many in self._objects.items():
            told = many.wanted if self._is_keyed(inside.outer(path)) else many.fields.keys()
            for name, known in many.fields.items():
                if name in told:
                    dotted = f"{path}.{name}"
                    said = known.figures(
                        of=many.records, records=many.records, repeated=self._repeats(dotted)
                    )
                    found.setdefault(dotted, said)
        return found

    def untold(self) -> Untold:
        """Return what the figures leave out."""
        keyed = [
            path
            for path, many in self._objects.items()
            if many.keyed and not self._is_keyed(inside.outer(path))
        ]
        return Untold(fields=len(self._beyond), keyed=tuple(keyed))

    def _repeats(self, name: str) -> int | None:
        return self._repeated[name] if name in self._seen else None

    def _is_keyed(self, path: str) -> bool:
        """Say whether what stands at `path`, or around it, holds data by keys."""
        while path:
            if path in self._objects and self._objects[path].keyed:
                return True
            path = inside.outer(path)
        return False
