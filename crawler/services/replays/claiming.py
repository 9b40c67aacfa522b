"""Lets one at a time do a step of a replay: whoever else finds it claimed leaves it alone."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from crawler.models import FINAL_REPLAY_STATES, Replay, ReplayState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

SILENT: Final = timedelta(seconds=240)
"""More than the pages of one commit take to be read, with all that may be behind them."""


class Claim:
    """A replay of which the next step is ours, as long as each of its commits comes within `SILENT`.

    `row` is as it was when it was claimed; the caller keeps it as it writes. Any moment at which it was
    written may stand there: a commit that fails takes the last one back.
    """

    def __init__(self, row: Replay, *, now: datetime) -> None:
        self.row = row
        self._began, self._now = time.monotonic(), now
        self._written = [now]

    def now(self) -> datetime:
        """Return the moment it is, by the clock that the step began by."""
        return self._now + timedelta(seconds=time.monotonic() - self._began)

    def write(self, *, now: datetime, **values: Any) -> bool:
        """Write how far the replay is, in the caller's transaction; False where that is not ours any more."""
        row = self.row
        place = {"after": row.after, "after_page": row.after_page, "after_version": row.after_version}
        ours = _under_way(row.pk).filter(**place, claimed_at__in=self._written)
        is_ours = bool(ours.update(**values, beat_at=now, claimed_at=now))
        self._written.append(now)
        return is_ours

    def end(self, state: ReplayState, *, reason: str = "") -> None:
        """Write that the replay is over."""
        now = self.now()
        self.write(now=now, state=state, reason=reason[:600], finished_at=now)

    def give_back(self) -> None:
        Replay.objects.filter(pk=self.row.pk, claimed_at__in=self._written).update(claimed_at=None)


@contextmanager
def claimed(replay: int, *, now: datetime) -> Iterator[Claim | None]:
    """Keep others from the next step of a replay; None where that is over, or somebody else's."""
    free = _under_way(replay).filter(Q(claimed_at=None) | Q(claimed_at__lt=now - SILENT))
    row = None
    if free.update(claimed_at=now, beat_at=now):
        row = _under_way(replay).filter(claimed_at=now).first()
    if row is None:
        yield None
        return
    claim = Claim(row, now=now)
    try:
        yield claim
    finally:
        claim.give_back()


def _under_way(replay: int) -> QuerySet[Replay]:
    return Replay.objects.filter(pk=replay).exclude(state__in=FINAL_REPLAY_STATES)
