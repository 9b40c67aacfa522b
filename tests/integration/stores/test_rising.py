"""An urgent retry behind bulk work: its host is as urgent as it from the moment it is due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.engine.work import Postponed
from crawler.models import Host
from crawler.queue import Lane
from crawler.services import reconciling
from tests.crawling import a_run
from tests.fakes.clock import FakeClock
from tests.integration.stores.hands import Hands
from tests.law import assert_hosts_are_due

pytestmark = pytest.mark.django_db
A = "http://a.test"
RETRY_SECONDS = 30


@pytest.fixture(autouse=True)
def _retry_behind_bulk(clock: FakeClock) -> None:
    """A free host with bulk work that is due, and an urgent request that is to be tried again."""
    a_run(f"{A}/urgent", priority=9)
    slice_ = Hands(clock)
    (claim,) = slice_.take(want=1)
    a_run(f"{A}/bulk", priority=1)
    until = clock.now() + timedelta(seconds=RETRY_SECONDS)
    slice_.release_all(Postponed(claim=claim, until=until, reason="status-503", counts=True))
    host = Host.objects.get()
    assert (host.top_priority, host.rises_at) == (1, until)


def test_urgent_slice_takes_the_host_when_the_retry_is_due(clock: FakeClock) -> None:
    assert Hands(clock, floor=8).look().leased == ()
    clock.advance(RETRY_SECONDS)

    found = Hands(clock, floor=8).look()

    assert f"{A}/urgent" in {claim.url for claim in found.claims}


def test_reconciler_rings_the_urgent_lane(clock: FakeClock, rung: list[Lane]) -> None:
    clock.advance(RETRY_SECONDS)

    reconciling.reconcile(now=clock.now())

    assert rung == [Lane.URGENT]
    host = Host.objects.get()
    assert (host.top_priority, host.rises_at) == (9, None)
    assert_hosts_are_due()


def test_host_that_somebody_holds_is_left_alone(clock: FakeClock) -> None:
    holder = Hands(clock, lane="default")
    assert holder.look().leased
    clock.advance(RETRY_SECONDS)

    assert Hands(clock, floor=8).look().leased == ()
    assert Host.objects.get().lease_owner == holder.owner
