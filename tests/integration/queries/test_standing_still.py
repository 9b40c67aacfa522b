"""Whether what is due is being crawled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.models import Host, LaneState
from crawler.queries import health
from crawler.stores import lanes

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def host(number: int, *, due: int | None, priority: int = 5, owner: str = "") -> None:
    due_at = None if due is None else NOW - timedelta(seconds=due)
    Host.objects.create(
        origin=f"https://{number}.test", due_at=due_at, top_priority=priority, lease_owner=owner
    )


def test_the_host_that_waits_longest_counts_whatever_its_priority() -> None:
    host(1, due=10, priority=9)
    host(2, due=300, priority=0)
    host(3, due=60)
    host(4, due=9_000, owner="a slice")
    host(5, due=-60)
    host(6, due=None)

    assert lanes.oldest_due(now=NOW) == NOW - timedelta(seconds=300)


def test_nothing_is_due_where_nothing_waits() -> None:
    host(1, due=-60)

    assert lanes.oldest_due(now=NOW) is None
    assert health.is_crawling(NOW)


@pytest.mark.parametrize(("started", "crawling"), [(30, True), (121, False), (None, False)])
def test_work_is_crawled_while_slices_of_any_lane_start(started: int | None, *, crawling: bool) -> None:
    host(1, due=300)
    if started is not None:
        LaneState.objects.filter(name="bulk").update(started_at=NOW - timedelta(seconds=started))

    assert health.is_crawling(NOW) is crawling
