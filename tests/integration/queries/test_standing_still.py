"""Whether what is due is being crawled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.models import Host, LaneState
from crawler.queries import health
from crawler.queue import Lane
from crawler.stores import lanes

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def host(number: int, *, due: int | None, priority: int = 5, owner: str = "") -> None:
    due_at = None if due is None else NOW - timedelta(seconds=due)
    Host.objects.create(
        origin=f"https://{number}.test", due_at=due_at, top_priority=priority, lease_owner=owner
    )


def test_of_each_priority_the_host_that_waits_longest_counts() -> None:
    host(1, due=10, priority=9)
    host(2, due=300, priority=0)
    host(3, due=60)
    host(4, due=9_000, owner="a slice")
    host(5, due=-60)
    host(6, due=None)

    waits = {priority: NOW - at for priority, at in lanes.oldest_due(now=NOW).items()}
    assert waits == {priority: timedelta(seconds=n) for priority, n in ((9, 10), (0, 300), (5, 60))}


def test_nothing_is_due_where_nothing_waits() -> None:
    host(1, due=-60)

    assert lanes.oldest_due(now=NOW) == {}
    assert health.is_crawling(NOW)


@pytest.mark.parametrize(("started", "crawling"), [(30, True), (121, False), (None, False)])
def test_work_is_crawled_while_slices_of_any_lane_start(started: int | None, *, crawling: bool) -> None:
    host(1, due=300)
    if started is not None:
        LaneState.objects.filter(name="bulk").update(started_at=NOW - timedelta(seconds=started))

    assert health.is_crawling(NOW) is crawling


@pytest.mark.parametrize(
    ("priority", "urgent", "others", "crawling"),
    [
        (5, 1, 200, False),
        (0, 1, None, False),
        (0, 1, 30, True),
        (0, 200, 30, True),
        (9, 1, 200, True),
        (9, 200, 1, True),
        (9, 200, 200, False),
    ],
)
def test_slices_that_take_urgent_hosts_alone_crawl_nothing_of_the_rest(
    priority: int, urgent: int, others: int | None, *, crawling: bool
) -> None:
    host(1, due=300, priority=priority)
    for lane, seconds in ((Lane.URGENT, urgent), (Lane.DEFAULT, others)):
        if seconds is not None:
            lanes.answer(Lane.URGENT, takes=lane, now=NOW - timedelta(seconds=seconds))

    assert health.is_crawling(NOW) is crawling
