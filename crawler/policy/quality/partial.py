"""Whether runs that read only a part of a target's records lose what its items have, added up over such runs.

A part differs from the whole by chance, so each record is compared with its own item, and only in what
nearly all records have. How much is lost adds up from run to run, as blanks that come in bit by bit would:
a value that is missing counts 1, one that is there again makes up for one, and each record that had a value
before takes a quarter back, down to nothing. Above `ALLOWED` a field has drifted.

So however small the runs are, what is published of n records in a row that had a value loses at most
6 + n/4 of the values, and where all are lost at most eight. The other way round: where each value is lost
by chance with probability p, the sum comes above 6 within n records with probability n * exp(-6t) at most,
t > 0 solving p * exp(3t/4) + (1 - p) * exp(-t/4) = 1 (Lundberg's inequality, from each record on). Where nine
tenths of the records always have a value, p is 1/9 at most, as so many come back as go: n * 2e-5; with
p = 1/20 it is n * 4e-9.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from crawler.policy.quality import inside
from crawler.policy.quality.broken import MOST_PAGES
from crawler.policy.quality.drift import ALWAYS, FEWEST_ITEMS, FEWEST_RUNS, baselines
from crawler.policy.quality.rules import Breach
from crawler.policy.quality.types import type_of
from crawler.policy.replays import says_something

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crawler.policy.quality.drift import Past
    from crawler.policy.quality.statistics import FieldFigures

ALLOWED: Final = 6.0
TOLERATED: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """What nearly all records have in a field: a value (`covered`), or values of one type (`kind`), or both.

    `least` is the least coverage there was. Of a field `inside` of objects that is asked of what most of
    a record's objects say.
    """

    covered: bool
    kind: str | None
    least: float
    inside: bool = False

    def said_in(self, record: Mapping[str, Any] | None, name: str) -> tuple[bool, Any]:
        """Return whether a record has a place for the field, and what it says there.

        Where there are no objects that may have it, it is the field around that is told of.
        """
        if record is None or not self.inside:
            return record is not None, (record or {}).get(name)
        many = inside.values(record, name)
        return bool(many), inside.typical(many)

    def has(self, value: Any) -> bool:
        """Say whether a record with this value, None for none, has what nearly all have."""
        return says_something(value) and self.kind in (None, type_of(value))

    def misses(self, value: Any) -> bool:
        """Say whether a record with this value lacks it: one without any does where all have one."""
        return not self.has(value) and (self.covered or says_something(value))


@dataclass(slots=True)
class Tally:
    """What a run's records are in one field beside their items.

    Of `records` the item had it, or is new. Those without a value now are `absent`, those with another
    type `mistyped`; `gained` have it where their item did not. `pages` are some of those that lost it.
    """

    records: int = 0
    absent: int = 0
    mistyped: Counter[str] = field(default_factory=Counter)
    gained: int = 0
    pages: dict[str, None] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        return self.absent + self.mistyped.total()

    def lose(self, url: str, value: Any) -> None:
        if says_something(value):
            self.mistyped[type_of(value)] += 1
        else:
            self.absent += 1
        if len(self.pages) < MOST_PAGES:
            self.pages[url] = None


class Beside:
    """Adds up what records lose of what their items have."""

    def __init__(self, steady: Mapping[str, Steady]) -> None:
        self.steady = steady
        self.tallies = {name: Tally() for name in steady}

    def add(self, url: str, record: Mapping[str, Any], item: Mapping[str, Any] | None) -> None:
        """Compare a record with its item; a new one (None) is to have what nearly all have."""
        for name, usual in self.steady.items():
            tally = self.tallies[name]
            stands, value = usual.said_in(record, name)
            if not stands:
                continue
            is_known, before = usual.said_in(item, name)
            if is_known and not usual.has(before):
                tally.gained += usual.has(value)
            elif usual.misses(value):
                tally.records += 1
                tally.lose(url, value)
            elif usual.has(value):
                tally.records += 1


def steady(
    past: Past, accepted: Mapping[str, FieldFigures | None], *, fewest: int = FEWEST_RUNS
) -> dict[str, Steady]:
    """Return the fields in which nearly all records were alike in all of the `past` runs.

    These are as for `drifts`. `accepted` are figures of a part of the records that a person took for usual
    in a field since, None where none of them had it.
    """
    usual = [fields for many, fields in past if many >= FEWEST_ITEMS]
    if len(usual) < fewest:
        return {}
    found = {}
    for name, figures in baselines(usual):
        told = accepted.get(name, figures[-1])
        known = _steady(figures, [told] if name in accepted else figures) if told else None
        if known is not None:
            found[name] = known
    return found


def _steady(past: Sequence[FieldFigures], last: Sequence[FieldFigures]) -> Steady | None:
    """Return what is steady in a field of which the `last` figures say the type, and all the coverage."""
    least = min(one.coverage for one in (*past, *last))
    types = [one.types for one in last]
    kinds = (kind for kind in types[-1] if min(part.get(kind, 0.0) for part in types) >= ALWAYS)
    kind = next(kinds, None)
    covered = least >= ALWAYS
    if not (covered or kind):
        return None
    return Steady(covered=covered, kind=kind, least=least, inside=past[-1].is_inside)


def score(before: float, *, records: int, lost: int, gained: int) -> float:
    """Return how much of a field is lost after a run, where it was `before`."""
    return max(0.0, before + lost - gained - TOLERATED * records)


def partial_drifts(beside: Beside, before: Mapping[str, float]) -> Iterator[Breach]:
    """Yield what has drifted when a run's losses are added to those of the runs before."""
    for name, tally in beside.tallies.items():
        now = score(before.get(name, 0.0), records=tally.records, lost=tally.lost, gained=tally.gained)
        if now > ALLOWED and tally.lost:
            yield _breach(name, beside.steady[name], tally)


def _breach(name: str, usual: Steady, tally: Tally) -> Breach:
    if usual.kind and tally.mistyped.total() > tally.absent:
        kind = tally.mistyped.most_common(1)[0][0]
        return Breach(rule="type", field=name, wanted=usual.kind, found=kind)
    kept = 1 - tally.lost / tally.records
    return Breach(rule="coverage", field=name, wanted=round(usual.least, 4), found=round(kept, 4))
