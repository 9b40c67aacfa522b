"""Records that are given out without the pages which were to complete them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from crawler.engine import records
from crawler.errors import INCOMPLETE, NOT_COMPLETED
from crawler.models import RequestState
from crawler.stores import carried, holding, items, sql
from crawler.stores.problems import ProblemBook
from crawler.stores.runs import Tallies
from scrapers.page import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.engine.work import ItemRecord, ProblemRecord
    from crawler.stores.carried import Waiting

NOTHING = b"{}"
MOST_IN_A_COMMIT = 500
"""As many are given out by one transaction; the others wait for the end of their run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """The run and the target that a record belongs to, what tells its items apart, and where they go."""

    run: int
    target: int
    key_fields: tuple[str, ...] = ()
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record was to be completed."""

    url: str
    rules: Whose


@dataclass(slots=True)
class Incomplete:
    """What one transaction gives out: items, and problems that say why they lack something.

    Under a key that has an item already, that keeps what the record does not say: it was on the page
    when that was last read (`merging.py`).
    """

    items: list[tuple[Place, Sequence[ItemRecord]]] = field(default_factory=list)
    problems: list[tuple[Place, Sequence[ProblemRecord]]] = field(default_factory=list)
    hosts: set[int] = field(default_factory=set)

    @property
    def room(self) -> int:
        return MOST_IN_A_COMMIT - len(self.problems)

    def give(self, whose: Whose, found: Sequence[tuple[Waiting, str]], tallies: Tallies) -> None:
        """Take in records, each with why its page is not there."""
        partial = [record for record, _why in found if record.partial and record.data != NOTHING]
        keyed = {record: _keyed(record, whose) for record in partial}
        for record, why in found:
            place = Place(url=record.url, rules=whose)
            given, lacking = keyed.get(record, ((), 0))
            if given:
                self.items.append((place, [records.lacking(one) for one in given]))
            code = INCOMPLETE if given else NOT_COMPLETED
            said = records.problems_of([Problem(code=code, message=f"{record.url}: {why}")], unkeyed=lacking)
            self.problems.append((place, said))
            tallies.add(whose.run, problems=sum(problem.count for problem in said))


def _keyed(record: Waiting, whose: Whose) -> tuple[tuple[ItemRecord, ...], int]:
    return records.keyed([orjson.loads(record.data)], fields=whose.key_fields, url=record.url)


def give_out(whose: Whose, *, now: datetime) -> int:
    """Give out some of what a run that has ended left over, in one transaction; return how many records."""
    return sql.atomically(lambda: _give_out(whose, now=now))


def _give_out(whose: Whose, *, now: datetime) -> int:
    left = carried.left_over(whose.run, most=MOST_IN_A_COMMIT)
    if not left:
        return 0
    incomplete, tallies = Incomplete(), Tallies()
    incomplete.give(whose, [(record, ended_so(state, reason)) for record, state, reason in left], tallies)
    (holding.keep if whose.apart else items.save)(incomplete.items, tallies=tallies, now=now)
    ProblemBook().save(incomplete.problems)
    tallies.add_up()
    return len(left)


def ended_so(state: int | None, reason: str) -> str:
    """Return why a record waits in vain for a request that ended in this state, or is gone."""
    if state is None:
        return reason or "the request for its page was removed"
    if state == RequestState.DONE:
        return "the run ended before its page was read for it"
    return f"its page was not had ({reason or 'the run ended first'})"
