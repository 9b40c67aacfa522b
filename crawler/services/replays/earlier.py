"""Reads the kept versions of pages, after the pages themselves: compared with what items said at the time.

Where the replay stores, what they say fills in what the items lacked then; nothing else of these changes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crawler.models import ReplayState
from crawler.policy import filling as rule
from crawler.policy import replays as policy
from crawler.queries import replays as found
from crawler.services.replays import giving, reading
from crawler.stores import filling, sql
from crawler.stores.filling import Told
from crawler.trials import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.models import PageVersion, Replay
    from crawler.services.replays.claiming import Claim
    from crawler.services.replays.giving import Given, ReadPage

COMMIT_VERSIONS: Final = 50
COMMIT_RECORDS: Final = 500
"""As many records are compared at a time, or those of one version of a page, and as many filled in."""


class _Read(NamedTuple):
    """A version of a page, with what came of reading it."""

    version: PageVersion
    page: ReadPage


def step(claim: Claim, is_up: Callable[[], bool]) -> bool:
    """Read the next versions of the pages of a replay; return whether to go on."""
    batch = found.next_versions(claim.row)
    if not batch:
        claim.end(ReplayState.DONE)
        return False
    pages = reading.read(claim.row, [one.kept for one in batch])
    left = [_Read(one.version, page) for one, page in zip(batch, pages, strict=False)]
    while left:
        some = left[: _room(left)]
        if not _commit(claim, some):
            return False
        left = left[len(some) :]
        if is_up():
            break
    return True


def _room(left: Sequence[_Read]) -> int:
    """Return for how many of the versions, one at least, there is room in a commit."""
    records = 0
    for number, (_version, page) in enumerate(left[:COMMIT_VERSIONS]):
        records += len(page.read.items) if isinstance(page.read, Records) else 0
        if number and records > COMMIT_RECORDS:
            return number
    return min(len(left), COMMIT_VERSIONS)


def _commit(claim: Claim, read: Sequence[_Read]) -> bool:
    """Count these versions, and fill in what they say where the replay stores; return whether it goes on."""
    row = claim.row
    totals, samples = policy.Totals.of_json(row.earlier_totals or {}), row.samples
    given = giving.given(row, [one.page for one in read], totals)
    told = [_told(one.version, gave) for one, gave in zip(read, given, strict=True)]
    since, until = filling.hull(told)
    hashes = {hash_ for one in given for hash_ in one.hashes()}
    spans = filling.spans(row.target_id, hashes, since=since, until=until)
    for one, gave in zip(told, given, strict=True):
        if giving.counted(gave.page, totals):
            compared = _compared(gave, one, spans)
            totals.add(compared)
            totals.completed += sum(_completes(record) for record in compared)
            samples = policy.sample(samples, compared) or samples
    last = read[-1].version
    values: dict[str, Any] = {"after_page": last.page_id, "after_version": last.pk}
    values["earlier_totals"] = totals.as_json()
    if samples is not row.samples:
        values["samples"] = samples
    return _write(claim, row, told, values)


def _told(version: PageVersion, gave: Given) -> Told:
    return Told(since=version.began_at, until=version.ended_at, records=gave.said())


def _compared(gave: Given, told: Told, spans: dict[bytes, list[filling.Span]]) -> list[policy.Compared]:
    """Return how the records of a version fare beside what the items said then."""
    since, until = told.since, told.until
    there = {hash_: filling.said(spans.get(hash_, ()), since=since, until=until) for hash_ in gave.hashes()}
    then = {hash_: data for hash_, data in there.items() if isinstance(data, dict)}
    return [replace(one, since=since, until=until) for one in gave.compared(then)]


def _completes(one: policy.Compared) -> bool:
    return one.before is not None and one.after is not None and bool(rule.lacking(one.before, one.after))


def _write(claim: Claim, row: Replay, told: Sequence[Told], values: dict[str, Any]) -> bool:
    """Fill in, some hundred records to a commit, and write how far it is in the last; say whether it goes on.

    What was filled in before somebody cut that short is found as it is by whoever does it again.
    """
    *first, last = _parts(told) if row.stores else [[]]
    for some in first:
        if not _commit_part(claim, some, {}):
            return False
    if not _commit_part(claim, last, values):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True


def _commit_part(claim: Claim, told: Sequence[Told], values: dict[str, Any]) -> bool:
    def write() -> bool:
        if not claim.write(now=claim.now(), **values, state=ReplayState.RUNNING):
            return False
        filling.fill(claim.row.target_id, told)
        return True

    return sql.atomically(write)  # a run that writes the same items may be let through first


def _parts(told: Sequence[Told]) -> list[list[Told]]:
    """Return what was told in parts of so many records; the records of a version may be in several."""
    parts: list[list[Told]] = [[]]
    room = COMMIT_RECORDS
    for one in told:
        records = list(one.records.items())
        while records:
            if not room:
                parts.append([])
                room = COMMIT_RECORDS
            parts[-1].append(replace(one, records=dict(records[:room])))
            records, room = records[room:], max(0, room - len(records))
    return parts
