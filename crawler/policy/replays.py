"""What reading stored pages again would change: records beside what is stored, counted and sampled."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from crawler.policy import identity, keeping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

MOST_FIELDS: Final = 500
MOST_KINDS: Final = 50
"""How many kinds of problems are told apart; all others are one."""
LONGEST_TEXT: Final = 500
LONGEST_LIST: Final = 20
DEEPEST: Final = 6


class Change(StrEnum):
    """How a record of a page compares with what is stored under its key."""

    CHANGED = "changed"
    GONE = "gone"
    NEW = "new"
    SAME = "same"


MOST_SAMPLES: Final = {Change.CHANGED: 12, Change.GONE: 6, Change.NEW: 6, Change.SAME: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One record of one page: what is stored (None for a new one), and what was read (None when it is gone).

    `fields` names those that differ, of a changed record. Of an earlier version of a page `since` and `until`
    say from when to when it was that; `before` is what the item said then.
    """

    change: Change
    url: str
    key: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    fields: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


def compare(
    *,
    urls: Mapping[str, str],
    stored: Mapping[str, Mapping[str, Any]],
    read: Mapping[str, Mapping[str, Any]],
) -> Iterator[Compared]:
    """Yield how each record of a page fares; all are by key.

    `stored` has the records that are stored under the keys which the page gives, read either way, and
    `urls` the pages that they belong to.
    """
    for key, after in read.items():
        before, url = stored.get(key), urls[key]
        if before is None:
            yield Compared(change=Change.NEW, url=url, key=key, before=None, after=after)
            continue
        names = tuple(name for name in {**before, **after} if _differs(before, after, name))
        change = Change.CHANGED if names else Change.SAME
        yield Compared(change=change, url=url, key=key, before=before, after=after, fields=names)
    for key, before in stored.items():
        if key not in read:
            yield Compared(change=Change.GONE, url=urls[key], key=key, before=before, after=None)


def _differs(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    if (name in before) != (name in after):
        return True
    return not identity.says_the_same(before.get(name), after.get(name))


@dataclass(slots=True, kw_only=True)
class Totals:
    """What a replay has found so far.

    `pages` were read, `unread` could not be, `bodiless` have no stored body. A record counts on each page
    that gives it. `filled_before` and `filled_after` count the records in which a field says something, and
    `completed` those that say something where the item said nothing then, of earlier versions of pages.
    `problems` are `[code, field, count, message]`.
    """

    pages: int = 0
    unread: int = 0
    bodiless: int = 0
    unkeyed: int = 0
    completed: int = 0
    records: dict[str, int] = field(default_factory=lambda: {str(change): 0 for change in Change})
    filled_before: dict[str, int] = field(default_factory=dict)
    filled_after: dict[str, int] = field(default_factory=dict)
    problems: list[list[Any]] = field(default_factory=list)

    @property
    def behind(self) -> int:
        """How many pages were looked at."""
        return self.pages + self.unread + self.bodiless

    @property
    def before(self) -> int:
        """How many of the records are stored."""
        return sum(self.records[change] for change in (Change.CHANGED, Change.SAME, Change.GONE))

    @property
    def after(self) -> int:
        """How many records were read."""
        return sum(self.records[change] for change in (Change.CHANGED, Change.SAME, Change.NEW))

    def add(self, compared: Iterable[Compared]) -> None:
        """Count the records of a page that was read."""
        self.pages += 1
        self.count(compared)

    def count(self, compared: Iterable[Compared]) -> None:
        """Count records."""
        for one in compared:
            self.records[one.change] += 1
            _fill(self.filled_before, one.before)
            _fill(self.filled_after, one.after)

    def report(self, code: str, where: str, message: str) -> None:
        """Count one problem, in words that can be stored; beyond fifty kinds all others are of one."""
        code = keeping.storable(code)[: keeping.LONGEST_CODE]
        where = keeping.storable(where)[: keeping.LONGEST_FIELD]
        for kind in self.problems:
            if kind[:2] == [code, where]:
                kind[2] += 1
                return
        if len(self.problems) > MOST_KINDS:
            self.problems[-1][2] += 1
            return
        if len(self.problems) == MOST_KINDS:
            code, where, message = "more_problems", "", "further kinds of problems"
        self.problems.append([code, where, 1, keeping.storable(message)[: keeping.LONGEST_MESSAGE]])

    def coverage(self) -> list[Coverage]:
        """Return each field with the part of the records that have it, the greatest loss first."""
        names = {**self.filled_before, **self.filled_after}
        found = [
            Coverage(
                name=name,
                before=self.filled_before.get(name, 0) / self.before if self.before else None,
                after=self.filled_after.get(name, 0) / self.after if self.after else None,
            )
            for name in names
        ]
        return sorted(found, key=lambda one: (one.gain, one.name))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Totals:
        """Return what `as_json` returned; the totals of nothing for an empty object."""
        return cls(**said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The part of the records, 0 to 1, in which a field says something; None where there are no records."""

    name: str
    before: float | None
    after: float | None

    @property
    def gain(self) -> float:
        return (self.after or 0.0) - (self.before or 0.0)


def says_something(value: object) -> bool:
    """Say whether a value is more than a blank; an object or a list is one when all that it holds are."""
    if isinstance(value, dict):
        return any(map(says_something, value.values()))
    if isinstance(value, list):
        return any(map(says_something, value))
    return value not in (None, "")


def _fill(filled: dict[str, int], record: Mapping[str, Any] | None) -> None:
    for name, value in (record or {}).items():
        if says_something(value) and (name in filled or len(filled) < MOST_FIELDS):
            filled[name] = filled.get(name, 0) + 1


def sample(kept: Sequence[Mapping[str, Any]], compared: Iterable[Compared]) -> list[dict[str, Any]] | None:
    """Return `kept` and those of `compared` that there is room for, as JSON; None where there is for none."""
    have = Counter((one["change"], is_earlier(one)) for one in kept)
    added: list[dict[str, Any]] = []
    for one in compared:
        place = (str(one.change), one.since is not None)
        if have[place] < MOST_SAMPLES[one.change]:
            have[place] += 1
            said = asdict(one) | {"change": str(one.change), "fields": list(one.fields)}
            said |= {"before": shortened(one.before), "after": shortened(one.after)}
            added.append(said | {"since": _stamped(one.since), "until": _stamped(one.until)})
    return [*map(dict, kept), *added] if added else None


def is_earlier(sample: Mapping[str, Any]) -> bool:
    """Say whether a sample is of an earlier version of a page."""
    return sample.get("since") is not None


def _stamped(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def shortened(value: Any, *, depth: int = DEEPEST) -> Any:
    """Return JSON for a person to look at: long texts and lists cut, and what is nested deep left out."""
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return value[:LONGEST_TEXT] + "…"
        case dict() | list() if not depth:
            return "…"
        case dict():
            some = list(value.items())[:MOST_FIELDS]
            return {name[:LONGEST_TEXT]: shortened(inner, depth=depth - 1) for name, inner in some}
        case list():
            some = [shortened(inner, depth=depth - 1) for inner in value[:LONGEST_LIST]]
            return [*some, f"… {len(value) - LONGEST_LIST:,} more"] if len(value) > LONGEST_LIST else some
        case _:
            return value
