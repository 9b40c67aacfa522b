"""One request to another host than the one in hand, at that host's turn."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.engine import manners
from crawler.engine.held import HeldHost
from crawler.errors import HostWaits
from crawler.frontier.politeness import Pace
from crawler.http import Failed, Fetched
from crawler.policy.retry import retry_after
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crawler.engine.ports import Clock, Fetcher, NamedHosts
    from crawler.engine.work import Claim, HostLease
    from crawler.http import Outcome, Request

PATIENCE = timedelta(seconds=30)
ASK_AGAIN_SECONDS = 0.1
SPREAD_SECONDS = 0.15
LONGEST_NAP_SECONDS = 0.5


class Neighbours:
    """Asks hosts that somebody else may hold, each at its own turn.

    A host among `held` is asked between two of its own requests; any other is leased for this one
    request and given back at once. Whoever waits here holds a host itself. So it waits for `patience`
    at most, and no longer once `gives_up` says that its own host is to go: of two that wait for each
    other's host, neither waits for ever.
    """

    def __init__(
        self,
        *,
        named: NamedHosts,
        fetcher: Fetcher,
        clock: Clock,
        held: Mapping[int, HeldHost] | None = None,
        gives_up: Callable[[HeldHost], bool] = lambda _asker: False,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._named = named
        self._fetcher = fetcher
        self._clock = clock
        self._held = {} if held is None else held
        self._gives_up = gives_up
        self._patience_seconds = patience.total_seconds()

    async def fetch(self, request: Request, *, asker: HeldHost, claim: Claim) -> Outcome | None:
        """Return the answer to a request of `claim`, made for `asker`; None when that host is to go now.

        A turn that does not come in time is a failure like any other: HostWaits.
        """
        origin = canonical(request.url, keep_tracking=True).origin
        ends_at = self._clock.monotonic() + self._patience_seconds
        while not self._gives_up(asker) and self._clock.monotonic() < ends_at:
            host = next((host for host in self._held.values() if host.origin == origin), None)
            if host is not None and not host.lost:
                return await self._as_guest(host, request, asker=asker, ends_at=ends_at)
            lease = await self._named.lease(origin)
            if lease is not None:
                return await self._leased(lease, request, asker=asker, claim=claim, ends_at=ends_at)
            await asyncio.sleep(ASK_AGAIN_SECONDS + SPREAD_SECONDS * self._clock.draw())
        return self._not_asked(request, asker)

    async def _as_guest(
        self, host: HeldHost, request: Request, *, asker: HeldHost, ends_at: float
    ) -> Outcome | None:
        host.guests += 1
        try:
            return await self._at_its_turn(host, request, asker=asker, ends_at=ends_at)
        finally:
            host.guests -= 1

    async def _leased(
        self, lease: HostLease, request: Request, *, asker: HeldHost, claim: Claim, ends_at: float
    ) -> Outcome | None:
        """Ask a host that was free, no faster than it was last asked."""
        host, ledger = HeldHost(lease, self._clock), lease.ledger
        delays = (claim.rules.pace.delay_seconds, ledger.delay_seconds, ledger.crawl_delay_seconds)
        host.heed(Pace(delay_seconds=max(delay or 0.0 for delay in delays)))
        try:
            return await self._at_its_turn(host, request, asker=asker, ends_at=ends_at)
        finally:
            await self._fetcher.leave([host.origin])
            await self._named.give_back(host.news())

    async def _at_its_turn(
        self, host: HeldHost, request: Request, *, asker: HeldHost, ends_at: float
    ) -> Outcome | None:
        while (wait := host.slot_in()) > 0 or host.in_flight >= host.pace.connections:
            if host.lost or self._gives_up(asker) or self._clock.monotonic() + max(wait, 0.0) >= ends_at:
                return self._not_asked(request, asker)
            await asyncio.sleep(min(max(wait, ASK_AGAIN_SECONDS), LONGEST_NAP_SECONDS))
        outcome = await ask(host, self._fetcher, request)
        self._note(host, outcome)
        return outcome

    def _note(self, host: HeldHost, outcome: Outcome) -> None:
        manners.note(host, outcome)
        if isinstance(outcome, Fetched) and outcome.status in {429, 503}:
            wait = retry_after(outcome.headers, self._clock.now())
            if wait is not None:
                host.rest(wait, because=f"status-{outcome.status}")

    def _not_asked(self, request: Request, asker: HeldHost) -> Outcome | None:
        if self._gives_up(asker):
            return None
        return Failed(url=request.url, error=HostWaits(), elapsed_seconds=0.0)


async def ask(host: HeldHost, fetcher: Fetcher, request: Request) -> Outcome:
    """Send a request to a host whose turn it is now."""
    host.use_slot()
    host.in_flight += 1
    try:
        outcome = await fetcher.fetch(request)
    finally:
        host.in_flight -= 1
    manners.note_dialling(host, outcome)
    return outcome
