"""The bell of each lane."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from kombu.exceptions import OperationalError

from crawler import queue
from crawler.models import Host, LaneState
from crawler.queue import Lane
from crawler.services import bells
from crawler.stores import lanes
from tests.crawling import a_run
from tests.fakes.clock import FakeClock
from tests.integration.stores.hands import Hands

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


def rings(lane: Lane, clock: FakeClock) -> bool:
    return lanes.ring(lane, now=clock.now(), lasts=timedelta(seconds=15))


def away(_lane: Lane) -> None:
    raise OperationalError("nobody there")


def broken(_lane: Lane) -> None:
    raise ConnectionResetError("gone")


def test_only_one_of_two_who_ring_at_once_sends(clock: FakeClock) -> None:
    assert rings(Lane.DEFAULT, clock)
    assert not rings(Lane.DEFAULT, clock)
    assert rings(Lane.URGENT, clock)


def test_ring_that_nobody_answered_is_rung_again_after_fifteen_seconds(clock: FakeClock) -> None:
    rings(Lane.DEFAULT, clock)
    clock.advance(14)
    assert not rings(Lane.DEFAULT, clock)
    clock.advance(2)
    assert rings(Lane.DEFAULT, clock)


def test_ring_of_a_clock_that_was_ahead_is_not_waited_for(clock: FakeClock) -> None:
    now = clock.now()
    assert lanes.ring(Lane.DEFAULT, now=now + timedelta(hours=1), lasts=timedelta(seconds=15))

    assert lanes.ring(Lane.DEFAULT, now=now, lasts=timedelta(seconds=15))
    assert not lanes.ring(Lane.DEFAULT, now=now - timedelta(seconds=14), lasts=timedelta(seconds=15))


def test_starting_slice_clears_the_bell(clock: FakeClock) -> None:
    rings(Lane.BULK, clock)

    lanes.answer(Lane.BULK, takes=Lane.BULK, now=clock.now())

    assert LaneState.objects.get(name="bulk").started_at == clock.now()
    assert rings(Lane.BULK, clock)


@pytest.mark.parametrize(
    ("priority", "lane"),
    [(0, "bulk"), (2, "bulk"), (3, "default"), (7, "default"), (8, "urgent"), (9, "urgent")],
)
def test_lane_has_work_when_a_free_host_of_its_priority_is_due(
    clock: FakeClock, priority: int, lane: str
) -> None:
    assert lanes.with_work(now=clock.now()) == []
    a_run("http://a.test/", priority=priority)

    assert lanes.with_work(now=clock.now()) == [Lane(lane)]


def test_host_that_is_held_or_not_due_rings_nobody(clock: FakeClock, rung: list[Lane]) -> None:
    a_run("http://a.test/")
    assert bells.ring_where_due(now=clock.now() - timedelta(hours=1)) == 0
    Hands(clock).claims()

    assert bells.ring_where_due(now=clock.now()) == 0
    assert rung == []


def test_host_that_is_given_back_for_its_delay_rings_only_when_a_slice_would_stay_for_it(
    clock: FakeClock, rung: list[Lane]
) -> None:
    a_run("http://a.test/")
    Host.objects.update(due_at=clock.now() + bells.SOON + timedelta(seconds=1))
    assert bells.ring_where_due(now=clock.now()) == 0

    assert bells.ring_where_due(now=clock.now() + timedelta(seconds=1)) == 1
    assert rung == [Lane.DEFAULT]


def test_bell_is_rung_once_for_many_hosts(clock: FakeClock, rung: list[Lane]) -> None:
    a_run(*(f"http://h{number}.test/" for number in range(9)))

    assert bells.ring_where_due(now=clock.now()) == 1
    assert bells.ring_where_due(now=clock.now()) == 0
    assert rung == [Lane.DEFAULT]


@pytest.mark.parametrize("broker", [away, broken])
def test_silent_broker_is_no_trouble_and_the_bell_can_be_rung_again(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch, broker: Callable[[Lane], None]
) -> None:
    monkeypatch.setattr(queue, "send_slice", broker)

    assert not bells.ring(Lane.DEFAULT, now=clock.now())

    assert rings(Lane.DEFAULT, clock)
