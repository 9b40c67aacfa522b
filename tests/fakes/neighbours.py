"""A host's robots.txt refreshed where no other host has anything to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.engine import robots
from crawler.engine.neighbours import Neighbours

if TYPE_CHECKING:
    from crawler.engine.held import HeldHost
    from crawler.engine.ports import Clock, Fetcher
    from crawler.engine.work import Claim, HostLease, HostNews


class NoHosts:
    """Hosts of which none is ever to be had."""

    async def lease(self, _origin: str) -> HostLease | None:
        return None

    async def give_back(self, news: HostNews) -> None:
        raise AssertionError(f"host {news.id} was never leased")


async def refreshed(host: HeldHost, *, fetcher: Fetcher, clock: Clock, claim: Claim) -> None:
    """Fetch a host's robots.txt, which is not moved to another host."""
    others = Neighbours(named=NoHosts(), fetcher=fetcher, clock=clock)
    await robots.refresh(host, fetcher=fetcher, others=others, clock=clock, claim=claim)
