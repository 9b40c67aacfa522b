"""A look that the database did, and whose answer never came: nothing stays leased that nobody has in hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError

from crawler import conf
from crawler.engine.ports import Ask, HostAsk, Look
from crawler.engine.work import Batch, Returned
from crawler.models import Host, Request, RequestState
from crawler.runner import RuleBook
from crawler.stores import leases
from crawler.stores.frontier import DatabaseFrontier
from crawler.stores.looks import Looker
from crawler.stores.results import Committer
from tests.crawling import a_run
from tests.fakes.clock import FakeClock
from tests.integration.stores.hands import visited
from tests.law import assert_conserved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.models import Run

pytestmark = pytest.mark.django_db(transaction=True)
A, B = "http://a.test", "http://b.test"
OWNER = "node/1:1/deaf"


class Safe:
    is_safe = True


class Deaf(Looker):
    """Looks as any other, but its answers are `lost` as often as told."""

    lost = 0

    def look(self, ask: Ask) -> Look:
        found = super().look(ask)
        if self.lost:
            self.lost -= 1
            raise OperationalError("the answer was lost")
        return found


class Deafened:
    """A slice whose next answers a test can lose."""

    def __init__(self, clock: FakeClock) -> None:
        leases.begin(owner=OWNER, lane="preview", node="node", now=clock.now())
        rules = RuleBook(conf.crawl(), cannot_read=_nothing_to_say)
        self.looker = Deaf(owner=OWNER, floor=0, rules=rules, clock=clock)
        self.frontier = DatabaseFrontier(
            looker=self.looker,
            committer=Committer(owner=OWNER, clock=clock),
            lease=Safe(),
            patience=timedelta(seconds=10),
        )

    def look(self, *known: HostAsk, lost: int = 0) -> Look:
        self.looker.lost = lost
        return asyncio.run(self.frontier.look(Ask(hosts=known)))

    def close(self) -> None:
        asyncio.run(self.frontier.__aexit__(None, None, None))


def _nothing_to_say(run: Run, reason: str) -> None:
    raise AssertionError(f"run {run.pk}: {reason}")


@pytest.fixture
def slice_(clock: FakeClock) -> Iterator[Deafened]:
    opened = Deafened(clock)
    yield opened
    opened.close()


def leased() -> set[str]:
    return set(Request.objects.filter(state=RequestState.LEASED).values_list("url", flat=True))


def epochs() -> dict[int, int]:
    return dict(Host.objects.exclude(lease_owner="").values_list("id", "lease_epoch"))


@pytest.mark.parametrize("lost", [1, 2])
def test_hosts_that_were_leased_in_silence_are_leased_once_more(slice_: Deafened, lost: int) -> None:
    run = a_run(f"{A}/1", f"{A}/2", f"{B}/1", delay_seconds=2.0)

    found = slice_.look(lost=lost)

    assert {lease.id: lease.epoch for lease in found.leased} == epochs()
    assert {claim.url for claim in found.claims} == leased() == {f"{A}/1", f"{B}/1"}
    assert set(Request.objects.values_list("losses", flat=True)) == {0}
    assert_conserved(run)


def test_requests_claimed_in_silence_are_claimed_again_and_those_in_hand_stay(slice_: Deafened) -> None:
    run = a_run(*(f"{A}/{number}" for number in range(9)), delay_seconds=2.0)
    first = slice_.look()
    (lease,) = first.leased
    ask = HostAsk(id=lease.id, epoch=lease.epoch, want=2)

    again = slice_.look(ask, lost=1)

    assert again.leased == ()
    assert {claim.url for claim in again.claims} == {f"{A}/1", f"{A}/2"}
    assert leased() == {f"{A}/0", f"{A}/1", f"{A}/2"}
    asyncio.run(slice_.frontier.commit(Batch(results=tuple(map(visited, [*first.claims, *again.claims])))))
    run.refresh_from_db()
    assert (run.done, run.stale) == (3, 0)
    assert_conserved(run)


def test_request_that_was_given_back_is_no_longer_in_hand(slice_: Deafened) -> None:
    run = a_run(f"{A}/1", delay_seconds=2.0)
    first = slice_.look()
    (lease,), (claim,) = first.leased, first.claims
    asyncio.run(slice_.frontier.commit(Batch(results=(Returned(claim=claim),))))

    again = slice_.look(HostAsk(id=lease.id, epoch=lease.epoch, want=1), lost=1)

    assert [claim.url for claim in again.claims] == [f"{A}/1"]
    assert_conserved(run)
