"""One host in a slice's hands: what waits for it, how fast it may be asked, what it allows."""

from __future__ import annotations

import heapq
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.engine.ports import HostAsk
from crawler.engine.work import HostNews
from crawler.frontier import politeness, share
from crawler.frontier.politeness import Pace
from crawler.policy import robots

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.engine.ports import Clock
    from crawler.engine.work import Claim, HostLease, Ledger
    from crawler.policy.robots import RobotsFile

RATE_MEMORY = 0.5


class HeldHost:
    """A leased host and the claims on it.

    A claim is waiting here or in flight, never both; `unsettled` counts those whose result is
    not committed yet. The ledger is what the database will say of the host after the next commit.
    Two requests are never nearer to each other than the pace says, even when it became slower
    between them. A host that is `given_up` is not asked any more: what waits on it fails.
    """

    def __init__(self, lease: HostLease, clock: Clock) -> None:
        self.id, self.origin, self.epoch = lease.id, lease.origin, lease.epoch
        self.ledger: Ledger = lease.ledger
        self.pace = Pace()
        self.in_flight = 0
        self.servers = 0
        self.unsettled = 0
        self.leaving = False
        self.lost = False
        self.dirty = False
        self.given_up = False
        self.due_at: datetime | None = None
        self.robots_busy = False
        self._clock = clock
        self._waiting: list[tuple[int, int, Claim]] = []
        self._count = 0
        self._paces: dict[int, Pace] = {}
        self._queued_pace: Pace | None = None
        self._rate = float(share.FIRST_BATCH)
        self._sent = 0
        self._robots: RobotsFile | None = None
        self._robots_learnt = False
        now = clock.now()
        self.next_at = clock.monotonic() + _seconds_until(lease.ledger.next_at, now)
        self._sent_at = clock.monotonic() - _seconds_since(lease.ledger.last_at, now)

    def add(self, claims: Iterable[Claim]) -> None:
        """Take claims; the pace becomes the slowest that any of their runs asks for."""
        for claim in claims:
            self._count += 1
            heapq.heappush(self._waiting, (-claim.priority, self._count, claim))
            self._paces[claim.rules.run] = claim.rules.pace
        self._set_pace()

    def heed(self, pace: Pace | None) -> None:
        """Go no faster than all the runs ask for that have something queued on the host."""
        if pace != self._queued_pace:
            self._queued_pace = pace
            self._set_pace()

    def _set_pace(self) -> None:
        queued = [] if self._queued_pace is None else [self._queued_pace]
        self.pace = politeness.combine(
            [*self._paces.values(), *queued],
            crawl_delay_seconds=self.ledger.crawl_delay_seconds if self._obeys() else None,
        )
        self.next_at = max(self.next_at, self._sent_at + self.pace.delay_seconds)

    def pop(self) -> Claim:
        return heapq.heappop(self._waiting)[2]

    def take_all(self, backlogs: frozenset[int] | None = None) -> list[Claim]:
        """Take the waiting claims out, all of them or those of some backlogs."""
        taken, kept = self._waiting, []
        if backlogs is not None:
            taken = [entry for entry in self._waiting if entry[2].backlog in backlogs]
            kept = [entry for entry in self._waiting if entry[2].backlog not in backlogs] if taken else taken
        if taken:
            self._waiting = kept
            heapq.heapify(self._waiting)
        return [entry[2] for entry in sorted(taken)]

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def first(self) -> Claim | None:
        return self._waiting[0][2] if self._waiting else None

    @property
    def is_idle(self) -> bool:
        return not self._waiting and not self.in_flight and not self.unsettled

    def slot_in(self) -> float:
        """Return the seconds until the host may be asked again; 0 or less means now."""
        return 0.0 if self.given_up else self.next_at - self._clock.monotonic()

    def use_slot(self) -> None:
        """Note that a request is being sent now."""
        self._sent_at = self._clock.monotonic()
        self.next_at = self._sent_at + politeness.gap_seconds(self.pace, draw=self._clock.draw())
        self._sent += 1
        self.note(last_at=self._clock.now())

    def hold(self, wait: timedelta, reason: str) -> None:
        """Leave the host alone for `wait`, because it cannot serve."""
        since = self.ledger.unavailable_since or self._clock.now()
        self.note(hold_reason=reason, unavailable_since=since)
        self.rest(wait)

    def rest(self, wait: timedelta) -> None:
        """Let the host go, and have nobody ask it within `wait`."""
        self.next_at = max(self.next_at, self._clock.monotonic() + wait.total_seconds())
        self.dirty = True
        self.leaving = True

    def give_up(self) -> None:
        """Ask the host no more and end what waits on it; the next to lease it tries again."""
        self.given_up = True
        self.leaving = False

    def note(self, **changes: object) -> None:
        """Change the ledger."""
        self.ledger = replace(self.ledger, **changes)  # type: ignore[arg-type]
        self.dirty = True

    def news(self) -> HostNews:
        """Return what is to be stored now of the host."""
        wait = max(self.next_at - self._clock.monotonic(), 0.0)
        next_at = self._clock.now() + timedelta(seconds=wait)
        ledger = replace(self.ledger, next_at=next_at, delay_seconds=self.pace.delay_seconds)
        told = HostNews(id=self.id, epoch=self.epoch, ledger=ledger, robots=self._robots_learnt)
        self.dirty = self._robots_learnt = False
        return told

    def ask(self, *, budget_seconds: float, elapsed_seconds: float) -> HostAsk:
        """Say how many requests to claim, from the rate seen over the last `elapsed_seconds`."""
        if elapsed_seconds > 0:
            self._rate = RATE_MEMORY * self._rate + (1 - RATE_MEMORY) * self._sent / elapsed_seconds
            self._sent = 0
        room = share.batch(
            delay_seconds=self.pace.delay_seconds,
            connections=self.pace.connections,
            rate=self._rate * 2,
            budget_seconds=budget_seconds,
        )
        serves = not self.leaving and self.slot_in() <= budget_seconds
        return HostAsk(
            id=self.id,
            epoch=self.epoch,
            want=room - self.waiting if serves and self.waiting * 2 <= room else 0,
            least_in_hand=self._least_in_hand(room) if serves else None,
            backlogs=tuple({entry[2].backlog for entry in self._waiting}),
        )

    def _least_in_hand(self, room: int) -> int | None:
        """Return the priority of the least urgent waiting claim, unless `room` others go before it."""
        least = max((entry[0] for entry in self._waiting), default=None)
        if least is None or sum(entry[0] < least for entry in self._waiting) >= room:
            return None
        return -least

    def needs_robots(self) -> bool:
        """Say whether robots.txt must be fetched before the next claim is judged."""
        until = self.ledger.robots_until
        return self._obeys() and (until is None or until <= self._clock.now())

    def robots_rules(self) -> RobotsFile | None:
        """Return the parsed robots.txt; None when there are no rules."""
        if self.ledger.robots_state != "usable":
            return None
        if self._robots is None:
            self._robots = robots.RobotsFile.parse(self.ledger.robots_body)
        return self._robots

    def learn_robots(
        self, state: str, *, body: bytes, fetched_at: datetime | None, until: datetime, failures: int
    ) -> None:
        """Note what came of fetching robots.txt, and slow down when it says so."""
        self._robots = None
        self._robots_learnt = True
        self.note(
            robots_state=state,
            robots_body=body,
            robots_fetched_at=fetched_at,
            robots_until=until,
            robots_failures=failures,
        )
        rules, first = self.robots_rules(), self.first
        self.note(crawl_delay_seconds=rules.crawl_delay(first.rules.user_agent) if rules and first else None)
        self._set_pace()

    def _obeys(self) -> bool:
        return any(entry[2].rules.obey_robots for entry in self._waiting)


def _seconds_until(moment: datetime | None, now: datetime) -> float:
    return max((moment - now).total_seconds(), 0.0) if moment else 0.0


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    """Return the seconds since `moment`; without end when there was none."""
    return max((now - moment).total_seconds(), 0.0) if moment else float("inf")
