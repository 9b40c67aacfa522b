"""What the queue says of runs and hosts, and that it stays cheap however much waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.frontier.waiting import Reason
from crawler.models import Backlog, BacklogKind, Heartbeat, Host, Run, RunState, Slice, Target
from crawler.queries import queue
from crawler.queue import Lane

if TYPE_CHECKING:
    from crawler.queries.queue import HostLine

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BEFORE, LATER = NOW - timedelta(minutes=1), NOW + timedelta(minutes=5)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


@pytest.fixture(autouse=True)
def worker() -> None:
    """A worker that is alive."""
    Heartbeat.objects.create(
        name="worker@here", kind="worker", node="here", pid=1, started_at=NOW, seen_at=NOW
    )


def a_run(owner: User, priority: int = 5, *, state: RunState = RunState.RUNNING, **columns: Any) -> Run:
    target = Target.objects.create(owner=owner, name=f"Site {priority}", start_urls=["http://a.test/"])
    values = {"discovered": 10, "done": 4, **columns}
    return Run.objects.create(target=target, priority=priority, state=state, **values)


def a_host(name: str, **columns: Any) -> Host:
    return Host.objects.create(origin=f"http://{name}.test", **columns)


def waits(run: Run, host: Host, *, due_at: datetime | None = BEFORE, **columns: Any) -> Backlog:
    return Backlog.objects.create(run=run, host=host, due_at=due_at, priority=run.priority, **columns)


def slice_of(lane: str, node: str) -> str:
    Slice.objects.create(owner=node, lane=lane, node=node, started_at=NOW, renewed_at=NOW)
    return node


def only(run: Run) -> HostLine:
    (line,) = queue.hosts(run, now=NOW).rows
    return line


def test_runs_come_by_priority_and_then_by_age_with_the_first_of_their_hosts(ada: User) -> None:
    old, urgent, new = a_run(ada, 1), a_run(ada, 9), a_run(ada, 1)
    for number in range(5):
        waits(old, a_host(f"h{number}"), due_at=BEFORE - timedelta(minutes=number))

    lines = queue.page(ada, now=NOW).rows

    assert [line.run for line in lines] == [urgent, old, new]
    assert [line.lane for line in lines] == [Lane.URGENT, Lane.BULK, Lane.BULK]
    first = lines[1]
    assert [line.host.origin for line in first.hosts] == [
        "http://h4.test",
        "http://h3.test",
        "http://h2.test",
    ]
    assert (first.many, first.is_more, first.is_uncounted) == (5, True, False)
    assert (lines[2].hosts, lines[2].is_more) == ((), False)


@pytest.mark.parametrize(("lane", "found"), [(Lane.URGENT, 9), (Lane.DEFAULT, 3), (Lane.BULK, 2)])
def test_a_lane_is_shown_alone(ada: User, lane: Lane, found: int) -> None:
    for priority in (2, 3, 9):
        a_run(ada, priority)

    assert [line.run.priority for line in queue.page(ada, now=NOW, lane=lane).rows] == [found]


def test_runs_that_are_over_and_those_of_others_are_not_shown(ada: User) -> None:
    a_run(ada, state=RunState.FINISHED)
    a_run(ada, settled=True)
    waits(a_run(User.objects.create_user("eve")), a_host("a"))

    assert queue.page(ada, now=NOW).rows == ()


def test_pages_of_runs_and_of_hosts_go_on_after_the_last_row(ada: User) -> None:
    runs = [a_run(ada, priority) for priority in (9, 5, 5, 1)]
    for number in range(5):
        waits(runs[0], a_host(f"h{number}"))

    first = queue.page(ada, now=NOW, size=3)
    second = queue.page(ada, now=NOW, size=3, cursor=first.next)
    hosts = queue.hosts(runs[0], now=NOW, size=3)
    more = queue.hosts(runs[0], now=NOW, size=3, cursor=hosts.next)

    assert [line.run for line in (*first.rows, *second.rows)] == runs
    assert [line.host.origin for line in (*hosts.rows, *more.rows)] == [f"http://h{n}.test" for n in range(5)]
    assert (second.next, more.next) == (None, None)


def test_nothing_queued_on_a_host_is_no_wait(ada: User) -> None:
    run = a_run(ada)
    waits(run, a_host("a"), due_at=None)

    assert queue.hosts(run, now=NOW).rows == ()


@pytest.mark.parametrize(
    ("host", "until", "reason"),
    [
        ({}, None, Reason.WORKER),
        ({"next_at": LATER}, LATER, Reason.HOST_DELAY),
        ({"next_at": LATER, "hold_reason": "circuit_open"}, LATER, Reason.CIRCUIT_OPEN),
        ({"next_at": LATER, "hold_reason": "robots_unreachable"}, LATER, Reason.ROBOTS_UNREACHABLE),
        ({"next_at": LATER, "hold_reason": "status-503"}, LATER, Reason.RETRY_AFTER),
        ({"wanted_at": NOW}, NOW + timedelta(seconds=15), Reason.RESERVED),
    ],
)
def test_ledger_of_the_host_is_the_reason(
    ada: User, host: dict[str, Any], until: datetime | None, reason: Reason
) -> None:
    run = a_run(ada)
    waits(run, a_host("a", **host))

    assert (only(run).wait.reason, only(run).wait.until) == (reason, until)


@pytest.mark.parametrize(
    ("lane", "reason"),
    [("bulk", Reason.CRAWLING), ("urgent", Reason.CRAWLING), ("preview", Reason.HELD)],
)
def test_who_has_the_host_is_told(ada: User, lane: str, reason: Reason) -> None:
    run = a_run(ada)
    waits(run, a_host("a", lease_owner=slice_of(lane, "crawler-7")))

    assert (only(run).wait.reason, only(run).node) == (reason, "crawler-7")


def test_host_whose_slice_is_not_known_counts_as_a_workers(ada: User) -> None:
    run = a_run(ada)
    waits(run, a_host("a", lease_owner="gone"))

    assert (only(run).wait.reason, only(run).node) == (Reason.CRAWLING, "")


def test_more_urgent_due_work_of_anybody_goes_first(ada: User) -> None:
    run, host = a_run(ada, 1), a_host("a")
    waits(run, host)
    other = waits(a_run(User.objects.create_user("eve"), 9), host)
    assert only(run).wait.reason is Reason.URGENT_FIRST

    for change in ({"open": False}, {"due_at": LATER}, {"kind": BacklogKind.TERMINAL}):
        Backlog.objects.filter(pk=other.pk).update(
            **{"open": True, "due_at": BEFORE, "kind": BacklogKind.HTTP, **change}
        )
        assert only(run).wait.reason is Reason.WORKER


def test_paused_and_late_runs_say_so(ada: User) -> None:
    paused, late = a_run(ada, state=RunState.PAUSED), a_run(ada, reason="time_limit")
    waits(paused, a_host("a"), open=False)
    waits(late, a_host("b"), open=False)

    assert only(paused).wait.reason is Reason.PAUSED
    assert only(late).wait.reason is Reason.ENDING


@pytest.mark.parametrize("columns", [{"state": RunState.PAUSED}, {"reason": "time_limit"}])
def test_run_that_asks_nothing_names_no_machine(ada: User, columns: dict[str, Any]) -> None:
    run = a_run(ada, **columns)
    waits(run, a_host("a", lease_owner=slice_of("bulk", "crawler-7")), open=False)

    assert only(run).node == ""


def test_lanes_and_kinds_that_no_living_worker_serves_say_so(ada: User) -> None:
    Heartbeat.objects.update(kind="worker-urgent", name="worker-urgent@here")
    bulk, urgent = a_run(ada, 1), a_run(ada, 9)
    waits(bulk, a_host("a"))
    waits(urgent, a_host("b"))
    browser = a_run(ada, 9)
    waits(browser, a_host("c"), kind=BacklogKind.BROWSER)

    assert only(bulk).wait.reason is Reason.NO_WORKER
    assert only(urgent).wait.reason is Reason.WORKER
    assert only(browser).wait.reason is Reason.NO_WORKER


def test_costs_the_same_for_any_number_of_rows_and_reads_no_request(ada: User) -> None:
    def asked(runs: int) -> list[str]:
        for _ in range(runs):
            run = a_run(ada)
            for _ in range(4):
                waits(run, a_host(f"h{Host.objects.count()}"))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            queue.page(ada, now=NOW, size=100)
        return [query["sql"] for query in captured.captured_queries]

    few, many = asked(2), asked(20)

    assert len(few) == len(many) <= 8
    assert not [statement for statement in many if "crawler_request" in statement]


def test_counting_ends_where_nobody_looks(ada: User) -> None:
    run = a_run(ada)
    Host.objects.bulk_create(
        Host(origin=f"http://h{number}.test") for number in range(queue.MOST_COUNTED + 20)
    )
    Backlog.objects.bulk_create(
        Backlog(run=run, host=host, due_at=BEFORE) for host in Host.objects.order_by("id")
    )

    (line,) = queue.page(ada, now=NOW).rows

    assert (line.many, line.is_uncounted, len(line.hosts)) == (queue.MOST_COUNTED, True, 3)


def test_hosts_of_a_run_are_found_by_an_index_in_the_order_shown(ada: User) -> None:
    found = Backlog.objects.filter(run=a_run(ada), due_at__isnull=False, due_at__gte=BEFORE)
    if connection.vendor == "postgresql":  # whose statistics of an empty table say nothing
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off")

    plan = found.order_by("due_at", "id").explain()

    assert "backlog_waiting" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
