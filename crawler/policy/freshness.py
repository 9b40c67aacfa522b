"""Whether a target's data is as young as was promised: a dead man's switch, judged from rows alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

RECOVERING: Final = timedelta(days=1)
"""For how long data that was late counts as recovered; no longer than it may be old."""


class Freshness(StrEnum):
    """What a target's data is: expected for the first time, young enough, too old, or just young again."""

    AWAITED = "awaited"
    FRESH = "fresh"
    LATE = "late"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The newest whole copy of a target's data: as of when it is, and since when it was there.

    A run reads its first page when it starts, so its data is as old as its start.
    """

    as_of: datetime
    stored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How a target stands since when, and until when that holds if no run ends before."""

    state: Freshness
    since: datetime
    until: datetime | None


def judge(
    before: Judgement, *, data: Data | None, armed_at: datetime, max_age: timedelta, now: datetime
) -> Judgement:
    """Return how a target stands at `now`, given how it stood `before`.

    `armed_at` is when the promise was made: data gets late no sooner than `max_age` after that.
    A target that became late while nobody looked has been late since it became so, not since now.
    """
    expires = data.as_of + max_age if data else None
    late_at = max(expires or armed_at, armed_at + max_age)
    if data and expires and expires > now:
        return _young(before, stored_at=data.stored_at, expires=expires, max_age=max_age, now=now)
    if before.state == Freshness.LATE:
        return replace(before, until=None)
    if late_at <= now:
        return Judgement(state=Freshness.LATE, since=late_at, until=None)
    since = before.since if before.state == Freshness.AWAITED else expires or armed_at
    return Judgement(state=Freshness.AWAITED, since=since, until=late_at)


def _young(
    before: Judgement, *, stored_at: datetime, expires: datetime, max_age: timedelta, now: datetime
) -> Judgement:
    """Return how a target stands whose data is young enough: recovered for a while when it was late."""
    match before.state:
        case Freshness.FRESH:
            return replace(before, until=expires)
        case Freshness.AWAITED:
            return Judgement(state=Freshness.FRESH, since=max(stored_at, before.since), until=expires)
        case Freshness.LATE:
            since = stored_at if stored_at > before.since else now
            settled_at = since + min(max_age, RECOVERING)
            return Judgement(state=Freshness.RECOVERED, since=since, until=min(settled_at, expires))
        case Freshness.RECOVERED:
            settled_at = before.since + min(max_age, RECOVERING)
            if settled_at <= now:
                return Judgement(state=Freshness.FRESH, since=before.since, until=expires)
            return replace(before, until=min(settled_at, expires))
