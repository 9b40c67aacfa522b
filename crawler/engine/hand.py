"""The claims that wait on one host in a slice's hands, and what their runs ask for together."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.engine.work import Claim
    from crawler.frontier.politeness import Pace


class Hand:
    """Waiting claims, the most urgent first and equals as they came.

    It remembers the pace of every run that it ever had a claim of: what was slow stays slow.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Claim]] = []
        self._count = 0
        self._paces: dict[int, Pace] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def first(self) -> Claim | None:
        return self._waiting[0][2] if self._waiting else None

    @property
    def backlogs(self) -> tuple[int, ...]:
        """The backlogs that the waiting claims came from."""
        return tuple({entry[2].backlog for entry in self._waiting})

    @property
    def paces(self) -> tuple[Pace, ...]:
        return tuple(self._paces.values())

    @property
    def obeys(self) -> bool:
        """Say whether any waiting claim's run obeys robots.txt."""
        return any(entry[2].rules.obey_robots for entry in self._waiting)

    def obeys_since(self, moment: datetime) -> bool:
        """Say whether a run that obeys robots.txt and has a waiting claim began after `moment`."""
        began = (entry[2].rules.began_at for entry in self._waiting if entry[2].rules.obey_robots)
        return any(at is not None and at > moment for at in began)

    def add(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            self._count += 1
            heapq.heappush(self._waiting, (-claim.priority, self._count, claim))
            self._paces[claim.rules.run] = claim.rules.pace

    def pop(self) -> Claim:
        return heapq.heappop(self._waiting)[2]

    def take_all(self, backlogs: frozenset[int] | None = None) -> list[Claim]:
        """Take the claims out, all of them or those of some backlogs."""
        taken, kept = self._waiting, []
        if backlogs is not None:
            taken = [entry for entry in self._waiting if entry[2].backlog in backlogs]
            kept = [entry for entry in self._waiting if entry[2].backlog not in backlogs] if taken else taken
        if taken:
            self._waiting = kept
            heapq.heapify(self._waiting)
        return [entry[2] for entry in sorted(taken)]

    def least(self, room: int) -> int | None:
        """Return the priority of the least urgent claim, unless `room` others go before it."""
        least = max((entry[0] for entry in self._waiting), default=None)
        if least is None or sum(entry[0] < least for entry in self._waiting) >= room:
            return None
        return -least
