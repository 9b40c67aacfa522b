"""A robots.txt that was moved to another host: whose turn it is there, and how long one waits for it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from crawler.engine.engine import Limits
from crawler.engine.work import Ledger
from crawler.frontier.politeness import Pace
from tests.fakes.clock import BEGINNING
from tests.fakes.rules import some_rules
from tests.unit.engine.slicing import Bench, TimedFetcher

A, B = "http://a.test", "https://b.test"
MOVED = f"{B}/robots.txt"
RULES = "User-agent: *\nDisallow: /no"


@pytest.fixture
def bench() -> Bench:
    """A run on A, whose robots.txt is at B."""
    bench = Bench()
    bench.fetcher.serve(f"{A}/yes", f"{A}/no")
    bench.fetcher.answer(f"{A}/robots.txt", status=301, headers=[("Location", MOVED)])
    bench.fetcher.answer(MOVED, RULES)
    bench.world.add_run(some_rules(obey_robots=True), f"{A}/yes", f"{A}/no")
    return bench


def asked_at(bench: Bench, url: str) -> list[float]:
    return [time for time, asked in bench.fetcher.times if asked == url]


def on_b(bench: Bench) -> list[float]:
    return [time for time, asked in bench.fetcher.times if asked.startswith(B)]


def states(bench: Bench) -> dict[str, str]:
    return {url.removeprefix(A): state for url, state in bench.states().items() if url.startswith(A)}


OBEYED = {"/yes": "done", "/no": "skipped"}


def test_host_that_is_free_is_asked_at_its_turn_and_given_back(bench: Bench) -> None:
    other = bench.world.host(B)
    other.ledger = Ledger(next_at=BEGINNING + timedelta(seconds=5), delay_seconds=2.0)

    bench.slice()

    assert asked_at(bench, MOVED) == pytest.approx([5.0], abs=0.3)
    assert states(bench) == OBEYED
    assert other.owner == ""
    assert other.ledger.next_at is not None
    assert other.ledger.next_at >= BEGINNING + timedelta(seconds=7)


def test_rules_are_those_of_the_host_that_was_asked_first(bench: Bench) -> None:
    bench.slice()

    assert bench.world.host(A).ledger.robots_body == RULES.encode()
    assert bench.world.host(B).ledger.robots_state == ""


def test_host_in_the_same_hands_is_asked_between_two_of_its_own_requests(bench: Bench) -> None:
    bench.fetcher.seconds = 0.5
    pages = [f"{B}/{number}" for number in range(6)]
    bench.fetcher.serve(*pages)
    bench.world.add_run(some_rules(2, B, pace=Pace(delay_seconds=1.0)), *pages)

    bench.slice()

    times = on_b(bench)
    assert len(times) == 7
    assert all(after - before >= 1.0 for before, after in pairwise(times))
    assert asked_at(bench, MOVED)[0] <= 2.0 + 0.6
    assert states(bench) == OBEYED


def test_host_that_is_slow_to_answer_gets_no_second_connection() -> None:
    fetcher = TimedFetcher(seconds=3.0)
    bench = Bench(fetcher=fetcher)
    fetcher.answer(f"{A}/robots.txt", status=301, headers=[("Location", MOVED)])
    fetcher.answer(MOVED, RULES)
    fetcher.serve(f"{A}/yes", f"{B}/1", f"{B}/2")
    bench.world.add_run(some_rules(obey_robots=True), f"{A}/yes")
    bench.world.add_run(some_rules(2, B), f"{B}/1", f"{B}/2")

    bench.slice()

    assert all(after - before >= 3.0 for before, after in pairwise(on_b(bench)))
    assert len(on_b(bench)) == 3


def test_host_that_another_slice_holds_is_asked_for_and_waited_for(bench: Bench) -> None:
    other = bench.world.host(B)
    other.owner = "two"

    def give_back() -> None:
        assert other.wanted
        other.owner = ""

    bench.slice((3.0, give_back))

    assert asked_at(bench, MOVED) == pytest.approx([3.0], abs=0.5)
    assert states(bench) == OBEYED


def test_host_that_never_comes_free_is_a_failed_try(bench: Bench) -> None:
    bench.limits = Limits(budget=timedelta(seconds=60))
    bench.world.host(B).owner = "two"

    bench.slice()

    ledger = bench.world.host(A).ledger
    assert on_b(bench) == []
    assert set(states(bench).values()) == {"queued"}
    assert (ledger.robots_state, ledger.robots_reason) == ("unreachable", "host_waits")
    assert ledger.robots_failures == 1


def test_host_that_asked_to_be_left_alone_is_not_waited_for_at_all(bench: Bench) -> None:
    bench.world.host(B).ledger = Ledger(next_at=BEGINNING + timedelta(hours=1), hold_reason="status-429")

    bench.slice()

    assert on_b(bench) == []
    assert bench.world.host(A).ledger.robots_reason == "host_waits"
    assert bench.world.host(B).ledger.next_at == BEGINNING + timedelta(hours=1)


def test_who_waits_gives_its_own_host_back_when_others_want_it(bench: Bench) -> None:
    bench.world.host(B).owner = "two"

    def want() -> None:
        bench.world.host(A).wanted = True

    bench.slice((1.0, want))

    assert bench.world.host(A).owner == ""
    assert bench.world.host(A).ledger.robots_state == ""
    assert set(states(bench).values()) == {"queued"}
    assert bench.lasted < 10


def test_slice_whose_time_is_up_waits_no_longer(bench: Bench) -> None:
    bench.limits = Limits(budget=timedelta(seconds=3))
    bench.world.host(B).owner = "two"

    bench.slice()

    assert bench.lasted < 5
    assert bench.world.host(A).ledger.robots_failures == 0


def test_two_hosts_whose_files_are_at_each_other_get_no_file_and_go_on() -> None:
    back = Bench()
    back.fetcher.answer(f"{A}/robots.txt", status=301, headers=[("Location", MOVED)])
    back.fetcher.answer(MOVED, status=301, headers=[("Location", f"{A}/robots.txt")])
    back.fetcher.serve(f"{A}/yes", f"{B}/page")
    back.world.add_run(some_rules(obey_robots=True), f"{A}/yes")
    back.world.add_run(some_rules(2, B, obey_robots=True), f"{B}/page")

    back.slice()

    assert set(back.states().values()) == {"done"}
    assert {back.world.host(origin).ledger.robots_state for origin in (A, B)} == {"none"}


def test_retry_after_of_the_other_host_is_its_own(bench: Bench) -> None:
    bench.fetcher = TimedFetcher()
    bench.fetcher.answer(f"{A}/robots.txt", status=301, headers=[("Location", MOVED)])
    bench.fetcher.answer(MOVED, status=503, headers=[("Retry-After", "600")])

    bench.slice()

    other = bench.world.host(B).ledger
    assert (other.hold_reason, other.next_at) == ("status-503", BEGINNING + timedelta(seconds=600))
    assert bench.world.host(A).ledger.robots_reason == "status-503"
