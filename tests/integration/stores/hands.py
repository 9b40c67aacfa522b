"""The hands of one slice, without an engine: looks and commits as the test says."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from crawler import conf
from crawler.engine.ports import Ask, HostAsk, Look
from crawler.engine.work import Batch, ItemRecord, NewRequest, Visited
from crawler.models import Run
from crawler.policy import identity
from crawler.runner import RuleBook
from crawler.stores import leases
from crawler.stores.looks import Looker
from crawler.stores.results import Committer
from crawler.urls import canonical
from tests.fakes.rules import a_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.engine.ports import Clock
    from crawler.engine.work import Claim, HostLease, Result

_numbers = count(1)


class Hands:
    """One slice, in a lane that takes all hosts it finds unless the test says otherwise.

    `unreadable` are the runs whose rules could not be made, each with the reason.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        owner: str | None = None,
        lane: str = "preview",
        floor: int = 0,
        run: int | None = None,
    ) -> None:
        self.clock = clock
        self.owner = owner or f"node/1:1/{next(_numbers)}"
        self.unreadable: list[tuple[int, str]] = []
        self.held: dict[int, HostLease] = {}
        leases.begin(owner=self.owner, lane=lane, node="node", now=clock.now(), run=run)
        rules = RuleBook(
            conf.crawl(), cannot_read=lambda run, reason: self.unreadable.append((run.pk, reason))
        )
        self._looker = Looker(owner=self.owner, floor=floor, rules=rules, clock=clock, run=run)
        self._committer = Committer(owner=self.owner, clock=clock)

    def look(self, *, want: int = 100, lease: bool = True, alone: bool = False) -> Look:
        asks = tuple(HostAsk(id=held.id, epoch=held.epoch, want=want) for held in self.held.values())
        found = self._looker.look(Ask(hosts=asks, lease=lease, alone=alone))
        self.held |= {lease.id: lease for lease in found.leased}
        return found

    def take(self, *, want: int = 100) -> list[Claim]:
        """Claim all that is due."""
        first = self.look(want=want)
        more = self.look(want=want, lease=False) if want > 32 else Look()
        return [*first.claims, *more.claims]

    def claims(self, *, want: int = 100) -> dict[str, Claim]:
        """Claim all that is due, and return it by URL."""
        return {claim.url: claim for claim in self.take(want=want)}

    def commit(self, *results: Result, released: Iterable[int] = ()) -> None:
        self._committer.commit(Batch(results=results, released=tuple(released)))

    def release_all(self, *results: Result) -> None:
        """Commit, and give every host back in the same transaction."""
        self.commit(*results, released=self.held)
        self.held = {}

    def vanish(self) -> None:
        """Be found gone."""
        leases.free(self.owner, now=self.clock.now(), lost=True)


def visited(
    claim: Claim, *links: str, body: bytes | None = b"x", items: Iterable[dict[str, Any]] = (), **more: Any
) -> Visited:
    """Return the visit of a page with these links and items."""
    values: dict[str, Any] = {
        "status": 200,
        "wire_bytes": len(body or b""),
        "page": a_page(body),
        "items": tuple(an_item(data) for data in items),
        "found": tuple(NewRequest(url=canonical(link), depth=claim.depth + 1) for link in links),
    }
    return Visited(claim=claim, **values | more)


def an_item(data: dict[str, Any]) -> ItemRecord:
    """Return a record whose key is its `key`."""
    key = str(data["key"])
    return ItemRecord(
        key=key,
        key_hash=identity.digest(key.encode()),
        data=identity.encode(data),
        content_hash=identity.content_hash(data),
    )


def redirected(claim: Claim, to: str) -> Visited:
    """Return the visit of a page that is elsewhere."""
    hop = NewRequest(url=canonical(to), depth=claim.depth, via=(*claim.via, claim.url))
    return visited(claim, page=None, status=301, found=(hop,), redirected=True)


def fresh(run: Run) -> Run:
    """Return the run as its row is now."""
    return Run.objects.get(pk=run.pk)
