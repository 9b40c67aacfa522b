"""When a slice lets go of a host, and when it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.engine.work import Ledger
from crawler.errors import ConnectFailed
from tests.fakes.clock import BEGINNING
from tests.fakes.frontier import FakeFrontier
from tests.fakes.rules import some_rules
from tests.unit.engine.slicing import Bench, pages

A, B = "http://a.test", "http://b.test"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_wanted_host_is_given_back(bench: Bench) -> None:
    bench.fetcher.serve(*pages(A, 20))
    bench.world.add_run(some_rules(delay_seconds=0.5), *pages(A, 20))

    def want() -> None:
        bench.world.host(A).wanted = True

    bench.slice((1.0, want))

    assert bench.world.host(A).owner == ""
    assert len(bench.fetcher.times) <= 4


def test_host_that_is_due_within_the_remaining_time_is_kept_and_waited_for(bench: Bench) -> None:
    bench.fetcher.fail(f"{A}/0", ConnectFailed("no"))
    bench.fetcher.answer(f"{A}/0", "fine")
    bench.world.add_run(some_rules(), f"{A}/0")

    bench.slice()

    assert bench.states() == {f"{A}/0": "done"}
    assert bench.world.host(A).epoch == 2  # leased once, released once


def test_host_that_is_due_later_is_let_go(bench: Bench) -> None:
    bench.fetcher.answer(f"{A}/0", status=503, headers=[("Retry-After", "60")])
    bench.world.add_run(some_rules(), f"{A}/0")

    bench.slice()

    assert bench.lasted < 4
    assert bench.world.host(A).owner == ""
    next_at = bench.world.host(A).ledger.next_at
    assert next_at is not None
    assert (next_at - BEGINNING).total_seconds() >= 59.9


def test_surplus_hosts_are_given_back_once() -> None:
    bench = Bench()
    urls = [f"http://h{number}.test/{page}" for number in range(10) for page in range(30)]
    bench.fetcher.serve(*urls)
    bench.world.add_run(some_rules(delay_seconds=1.0), *urls)
    view = FakeFrontier(bench.world)

    def shrink() -> None:
        view._most_hosts = 6

    held: list[int] = []

    def count() -> None:
        held.append(sum(host.owner == "one" for host in bench.world.hosts.values()))

    bench.slice((2.0, shrink), *((2.2 + step, count) for step in range(10)), frontier=view)

    assert set(held[1:]) == {6}


def test_urgent_slice_gives_a_host_back_when_only_bulk_work_is_left() -> None:
    bench = Bench(floor=8)
    bench.fetcher.serve(*pages(A, 20), f"{A}/urgent")
    bench.world.add_run(some_rules(1, delay_seconds=1.0), *pages(A, 20), priority=1)
    bench.world.add_run(some_rules(2, delay_seconds=1.0), f"{A}/urgent", priority=9)

    bench.slice()

    assert bench.fetcher.asked() == [f"{A}/urgent"]
    assert bench.world.host(A).owner == ""
    assert bench.lasted < 6


def test_host_unavailable_for_longer_than_the_patience_fails_what_waits_on_it() -> None:
    bench = Bench()
    bench.fetcher.answer(f"{A}/0", status=503, headers=[("Retry-After", "3600")])
    bench.world.add_run(some_rules(delay_seconds=1.0), *pages(A, 50))
    bench.world.host(A).ledger = Ledger(unavailable_since=BEGINNING - timedelta(hours=25))

    tally = bench.slice()

    assert bench.fetcher.asked() == [f"{A}/0"]
    assert tally.ended == 50
    assert {request.reason for request in bench.world.requests.values()} == {"host_unavailable"}
    next_at = bench.world.host(A).ledger.next_at
    assert next_at is not None
    assert next_at > BEGINNING + timedelta(minutes=50)


def test_page_that_always_asks_to_wait_keeps_no_other_from_being_fetched(bench: Bench) -> None:
    stubborn, *others = pages(A, 40)
    bench.fetcher.answer(stubborn, status=503)
    bench.fetcher.serve(*others)
    bench.world.add_run(some_rules(), stubborn, *others)

    bench.slice()

    assert [url for url, state in bench.states().items() if state != "done"] == [stubborn]
    assert bench.fetcher.asked()[:3] == [stubborn, stubborn, others[0]]
    assert bench.fetcher.asked().count(stubborn) == 2
