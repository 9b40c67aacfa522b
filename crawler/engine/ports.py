"""What the engine asks of the world. Each port's docstring is a contract that its suite quotes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from crawler.engine.session import Session, SessionNews
    from crawler.engine.work import Batch, Claim, HostLease, HostNews
    from crawler.frontier.politeness import Pace
    from crawler.http import Fetched, Outcome, Request
    from scrapers.links import Carried


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAsk:
    """What is wanted for one held host: how many requests, and how urgent those in hand are.

    `least_in_hand` is the priority of the least urgent claim waiting here: one more urgent than
    that may come on top. It is None when nothing may. `backlogs` are those the waiting claims came from.
    """

    id: int
    epoch: int
    want: int
    least_in_hand: int | None = None
    backlogs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One look at the frontier.

    `lease` asks for more hosts; `alone` asks for one request that must run with nothing else
    in this process, and for nothing besides.
    """

    hosts: tuple[HostAsk, ...] = ()
    lease: bool = True
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look found.

    `leased` are new hosts; `claims` requests of them and of those held before. `closed` are
    backlogs whose waiting claims must be given back. `wanted` are hosts somebody is waiting for, on
    which nothing more is claimed; `lost` are those whose lease is gone. `due` says when a held host
    that gave no claim has its next request; it is absent when nothing is queued. `paces` are what
    all the runs ask for that have something queued on a host. `surplus` is how many hosts too many
    this slice holds. `shapes` are the hosts and backlogs of which an earlier holder kept what their pages
    were like. `alone_waiting` says that a request waits which must run with nothing else here.
    `sessions` are what was stored of those of these runs since the last look.
    """

    leased: tuple[HostLease, ...] = ()
    claims: tuple[Claim, ...] = ()
    closed: frozenset[int] = frozenset()
    wanted: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()
    due: tuple[tuple[int, datetime], ...] = ()
    paces: tuple[tuple[int, Pace], ...] = ()
    surplus: int = 0
    shapes: tuple[tuple[int, int, str], ...] = ()
    alone_waiting: bool = False
    sessions: tuple[tuple[Session, SessionNews], ...] = ()


class NamedHosts(Protocol):
    """Leases hosts by name. A host that is held is asked for: its holder gives it back soon."""

    async def lease(self, origin: str) -> HostLease | None:
        """Return the host, or None while somebody holds it."""
        ...

    async def give_back(self, news: HostNews) -> None:
        """Write the host's ledger and let go of it."""
        ...


class Frontier(NamedHosts, Protocol):
    """Where requests wait and results go; every call is one or two short transactions.

    `look` never returns a request that another slice holds, and an empty look means only that
    nothing is due now: a slice that goes home on it leaves a crawl to run alone. `commit` is
    all or nothing for each result: when the claim is no longer held, nothing of it is stored.
    """

    @property
    def is_stuck(self) -> bool:
        """True while a call waits for a store that refuses: nothing may be sent that could not be kept."""
        ...

    def known(self, run: int) -> AbstractSet[bytes]:
        """Return keys of URLs that need not be handed over for a run: what it does with them is settled.

        It may be any part of them. Most links of a site lead to what is known.
        """
        ...

    async def look(self, ask: Ask) -> Look: ...

    async def commit(self, batch: Batch) -> None: ...

    async def load_body(self, body_hash: bytes) -> bytes | None:
        """Return a stored body, or None when it is not kept any more."""
        ...

    async def carried_to(self, claim: Claim) -> tuple[tuple[int, Carried], ...]:
        """Return the first records that were carried to a claim's page, each with its id."""
        ...

    async def seen_by_run(self, claim: Claim) -> Fetched | None:
        """Return the page of a claim as its run has stored it, None where it has not."""
        ...


class Fetcher(Protocol):
    """Sends one request and returns what came; network trouble is a value, never an exception."""

    async def fetch(self, request: Request) -> Outcome: ...

    async def leave(self, origins: Collection[str]) -> None:
        """Close what was kept open to these hosts, as somebody else may ask them from now on."""
        ...


class Lease(Protocol):
    """Says whether what this slice holds is certainly still its own."""

    @property
    def is_safe(self) -> bool:
        """False when the last successful renewal began too long ago: nothing may be sent."""
        ...


class Clock(Protocol):
    """The database's time, and a draw of chance."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def draw(self) -> float:
        """Return a number in [0, 1)."""
        ...
