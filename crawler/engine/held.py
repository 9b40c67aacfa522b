"""One host in a slice's hands: what waits for it, how fast it may be asked, what its ledger says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.engine.hand import Hand
from crawler.engine.ports import HostAsk
from crawler.engine.trapped import TrappedShapes
from crawler.engine.work import HostNews
from crawler.frontier import politeness, share
from crawler.frontier.politeness import Pace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.engine.ports import Clock
    from crawler.engine.work import Claim, HostLease, Ledger
    from crawler.policy.robots import RobotsFile

Slot = tuple[float, float, float]
"""When a host might have been asked next and was asked last, before it, and when it may be asked after it."""

RATE_MEMORY = 0.5


class HeldHost:
    """A leased host and the claims on it.

    A claim is waiting in its `hand` or in flight, never both; `unsettled` counts those whose result
    is not committed yet. The ledger is what the database will say of the host after the next commit,
    and `robots` its robots.txt once somebody had to parse it. Two requests are never nearer to each
    other than the pace says, even when it became slower between them. A host that is `given_up` is
    not asked any more: what waits on it fails. `guests` are requests that other hosts have here: its own
    wait for them, and so does giving it back.
    """

    def __init__(self, lease: HostLease, clock: Clock) -> None:
        self.id, self.origin, self.epoch = lease.id, lease.origin, lease.epoch
        self.ledger: Ledger = replace(lease.ledger)
        self.hand = Hand()
        self.pace = Pace()
        self.in_flight = 0
        self.guests = 0
        self.servers = 0
        self.unsettled = 0
        self.leaving = False
        self.lost = False
        self.dirty = False
        self.given_up = False
        self.due_at: datetime | None = None
        self.robots: RobotsFile | None = None
        self.robots_busy = False
        self.robots_learnt = False
        self.trapped = TrappedShapes()
        self._clock = clock
        self._queued_pace: Pace | None = None
        self._rate = float(share.FIRST_BATCH)
        self._sent = 0
        self._gap = 0.0
        now = clock.now()
        self.next_at = clock.monotonic() + _seconds_until(lease.ledger.next_at, now)
        self._sent_at = clock.monotonic() - _seconds_since(lease.ledger.last_at, now)

    def add(self, claims: Iterable[Claim]) -> None:
        """Take claims; the pace becomes the slowest that any of their runs asks for."""
        self.hand.add(claims)
        self._set_pace()

    def heed(self, pace: Pace | None) -> None:
        """Go no faster than all the runs ask for that have something queued on the host."""
        if pace != self._queued_pace:
            self._queued_pace = pace
            self._set_pace()

    def _set_pace(self) -> None:
        """Go as slowly as everybody who has work here asks for, robots.txt, and the host by its latency."""
        queued = [] if self._queued_pace is None else [self._queued_pace]
        self.pace = politeness.combine(
            [*self.hand.paces, *queued],
            crawl_delay_seconds=self.ledger.crawl_delay_seconds if self.hand.obeys else None,
            latency_seconds=self.ledger.latency_seconds,
        )
        self.next_at = max(self.next_at, self._sent_at + self.pace.delay_seconds)

    @property
    def is_idle(self) -> bool:
        return not self.hand and not self.in_flight and not self.unsettled and not self.guests

    @property
    def is_quiet(self) -> bool:
        """Say whether nobody is at work here, so that it may go back."""
        return not self.in_flight and not self.servers and not self.guests

    def is_awaited(self, late_seconds: float) -> bool:
        """Say whether an answer is late, or is the first that the host is asked for."""
        late = self._clock.monotonic() - self._sent_at >= late_seconds
        return bool(self.in_flight) and (late or not self.ledger.last_status)

    def slot_in(self) -> float:
        """Return the seconds until the host may be asked again; 0 or less means now."""
        return 0.0 if self.given_up else self.next_at - self._clock.monotonic()

    def use_slot(self) -> Slot:
        """Note that a request is being sent now; return the slot, to be given back where it is not."""
        before = self.next_at, self._sent_at
        self._sent_at = self._clock.monotonic()
        self._gap = politeness.gap_seconds(self.pace, draw=self._clock.draw())
        self.next_at = self._sent_at + self._gap
        self._sent += 1
        self.note(last_at=self._clock.now())
        return (*before, self.next_at)

    def give_back(self, slot: Slot) -> None:
        """Let the next request go when it might have gone without `slot`, in which nothing was sent."""
        next_at, sent_at, taken = slot
        if self.next_at == taken:
            self.next_at, self._sent_at = next_at, sent_at

    def was_sent_after(self, seconds: float) -> None:
        """Count the gap from when the last request really went out, so much after its slot was used."""
        self.next_at = max(self.next_at, self._sent_at + seconds + self._gap)

    def rest(self, wait: timedelta, *, because: str = "") -> None:
        """Let the host go, and have nobody ask it within `wait`; `because` when it cannot serve."""
        if because:
            since = self.ledger.unavailable_since or self._clock.now()
            self.note(hold_reason=because, unavailable_since=since)
        self.next_at = max(self.next_at, self._clock.monotonic() + wait.total_seconds())
        self.dirty = True
        self.leaving = True

    def give_up(self) -> None:
        """Ask the host no more and end what waits on it; the next to lease it tries again."""
        self.given_up = True
        self.leaving = False

    def note(self, **changes: object) -> None:
        """Change the ledger; a delay that robots.txt asks for, or a host needs, counts at once."""
        for name, value in changes.items():
            setattr(self.ledger, name, value)
        self.dirty = True
        if "crawl_delay_seconds" in changes or (self.pace.adapts and "latency_seconds" in changes):
            self._set_pace()

    def news(self) -> HostNews:
        """Return what is to be stored now of the host."""
        wait = max(self.next_at - self._clock.monotonic(), 0.0)
        next_at = self._clock.now() + timedelta(seconds=wait)
        ledger = replace(
            self.ledger,
            next_at=next_at,
            delay_seconds=self.pace.delay_seconds,
            delay_reason=self.pace.because,
        )
        told = HostNews(
            id=self.id,
            epoch=self.epoch,
            ledger=ledger,
            robots=self.robots_learnt,
            shapes=self.trapped.to_keep(leaving=self.leaving),
        )
        self.dirty = self.robots_learnt = False
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
        waiting = len(self.hand)
        return HostAsk(
            id=self.id,
            epoch=self.epoch,
            want=room - waiting if serves and waiting * 2 <= room else 0,
            least_in_hand=self.hand.least(room) if serves else None,
            backlogs=self.hand.backlogs,
        )


def _seconds_until(moment: datetime | None, now: datetime) -> float:
    return max((moment - now).total_seconds(), 0.0) if moment else 0.0


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    """Return the seconds since `moment`; without end when there was none."""
    return max((now - moment).total_seconds(), 0.0) if moment else float("inf")
