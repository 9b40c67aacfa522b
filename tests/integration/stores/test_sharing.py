"""Which hosts a worker's slice takes, and with how many slices it shares them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.utils import timezone

from crawler.models import Host, Slice
from crawler.queue import Lane
from crawler.stores import sharing
from crawler.stores.sharing import SharedHosts
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def due(*, priority: int, minutes: int) -> Host:
    """Make a free host that has been due for so long."""
    number = Host.objects.count()
    return Host.objects.create(
        origin=f"http://{number}.test", top_priority=priority, due_at=NOW - timedelta(minutes=minutes)
    )


def found(room: int, *, floor: int = 0) -> list[int]:
    with transaction.atomic():
        return SharedHosts(floor=floor, clock=FakeClock(beginning=NOW)).find(room, now=NOW)


def ids(hosts: Iterable[Host]) -> set[int]:
    return {host.pk for host in hosts}


def test_the_most_urgent_hosts_come_first() -> None:
    bulk = due(priority=1, minutes=60)
    urgent = [due(priority=9, minutes=minutes) for minutes in (1, 3, 2)]

    assert found(3) == [urgent[1].pk, urgent[2].pk, urgent[0].pk]
    assert found(4)[-1] == bulk.pk


def test_a_ninth_of_many_goes_to_those_that_have_waited_longest() -> None:
    bulk = [due(priority=1, minutes=minutes) for minutes in (10, 60, 30)]
    default = due(priority=5, minutes=40)
    urgent = [due(priority=9, minutes=1) for _ in range(25)]

    chosen = set(found(20))

    assert len(chosen) == 20
    assert chosen - ids(urgent) == ids([bulk[1], default])


def test_a_slice_of_the_urgent_lane_takes_urgent_hosts_only() -> None:
    due(priority=1, minutes=60)
    urgent = [due(priority=9, minutes=1) for _ in range(12)]

    assert set(found(10, floor=Lane.URGENT.floor)) < ids(urgent)
    assert set(found(20, floor=Lane.URGENT.floor)) == ids(urgent)


def test_an_urgent_slice_takes_nothing_from_the_share_of_others() -> None:
    for number, lane in enumerate((Lane.URGENT, Lane.DEFAULT, Lane.BULK, "terminal")):
        Slice.objects.create(owner=str(number), lane=str(lane), node="n", started_at=NOW, renewed_at=NOW)

    assert sharing.sharing_slices(0) == 2
    assert sharing.sharing_slices(Lane.URGENT.floor) == sharing.live_slices() == 3
