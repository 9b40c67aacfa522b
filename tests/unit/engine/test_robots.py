"""robots.txt as a slice fetches and obeys it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.engine.work import Ledger
from crawler.errors import (
    ConnectFailed,
    DnsFailed,
    FetchError,
    NameNotFound,
    Refused,
    TimedOut,
    TlsFailed,
    TruncatedBody,
)
from crawler.frontier.politeness import Pace
from tests.fakes.clock import BEGINNING
from tests.fakes.rules import some_rules
from tests.unit.engine.slicing import Bench

if TYPE_CHECKING:
    from datetime import datetime

A, B = "http://a.test", "http://b.test"
ROBOTS = f"{A}/robots.txt"


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.fetcher.serve(f"{A}/yes", f"{A}/no")
    bench.world.add_run(some_rules(obey_robots=True), f"{A}/yes", f"{A}/no")
    return bench


def reasons(bench: Bench) -> dict[str, tuple[str, str]]:
    return {r.url.removeprefix(A): (r.state, r.reason) for r in bench.world.requests.values()}


def ledger(bench: Bench) -> Ledger:
    return bench.world.host(A).ledger


def test_file_is_fetched_first_and_what_it_forbids_is_skipped_with_its_line(bench: Bench) -> None:
    bench.fetcher.answer(ROBOTS, "User-agent: *\nDisallow: /no")

    bench.slice()

    assert bench.fetcher.asked() == [ROBOTS, f"{A}/yes"]
    assert reasons(bench) == {"/yes": ("done", ""), "/no": ("skipped", "robots: line 2, Disallow: /no")}
    assert (ledger(bench).robots_state, ledger(bench).robots_body) == (
        "usable",
        b"User-agent: *\nDisallow: /no",
    )
    assert ledger(bench).robots_until == BEGINNING + timedelta(hours=24)


def test_file_that_is_known_is_not_fetched_again(bench: Bench) -> None:
    bench.world.host(A).ledger = Ledger(
        robots_state="usable",
        robots_body=b"User-agent: *\nDisallow: /",
        robots_until=BEGINNING + timedelta(hours=1),
    )

    bench.slice()

    assert bench.fetcher.asked() == []
    assert {state for state, _reason in reasons(bench).values()} == {"skipped"}


def test_missing_file_allows_everything(bench: Bench) -> None:
    bench.slice()

    assert bench.fetcher.asked()[0] == ROBOTS
    assert {state for state, _reason in reasons(bench).values()} == {"done"}
    assert ledger(bench).robots_state == "none"


def test_file_is_one_of_the_hosts_requests_and_crawl_delay_counts_from_it(bench: Bench) -> None:
    bench.fetcher.answer(ROBOTS, "User-agent: *\nCrawl-delay: 5")

    bench.slice()

    times = [time for time, _url in bench.fetcher.times]
    assert times == pytest.approx([0.0, 5.0, 10.0], abs=0.1)


def test_file_is_fetched_once_however_many_connections_there_are() -> None:
    bench = Bench()
    bench.fetcher.seconds = 0.3
    urls = [f"{A}/{number}" for number in range(20)]
    bench.fetcher.serve(*urls)
    pace = Pace(delay_seconds=0.0, connections=8)
    bench.world.add_run(some_rules(obey_robots=True, pace=pace), *urls)

    bench.slice()

    assert bench.fetcher.asked().count(ROBOTS) == 1
    assert bench.fetcher.times[1][0] >= 0.3


@pytest.mark.parametrize("status", [500, 503, 429])
def test_nothing_is_asked_while_the_file_cannot_be_had(bench: Bench, status: int) -> None:
    bench.fetcher.answer(ROBOTS, status=status)

    bench.slice()

    assert bench.fetcher.asked() == [ROBOTS]
    assert {state for state, _reason in reasons(bench).values()} == {"queued"}
    assert (ledger(bench).robots_state, ledger(bench).hold_reason) == ("unreachable", "robots_unreachable")
    assert ledger(bench).next_at is not None
    assert ledger(bench).next_at == ledger(bench).robots_until


def test_fourth_try_in_vain_skips_what_waits(bench: Bench) -> None:
    bench.fetcher.fail(ROBOTS, ConnectFailed("no"))
    bench.world.host(A).ledger = Ledger(robots_state="unreachable", robots_failures=3)

    bench.slice()

    assert set(reasons(bench).values()) == {("skipped", "robots_unreachable: connect_failed")}
    assert (ledger(bench).robots_reason, ledger(bench).robots_failed_at) == ("connect_failed", BEGINNING)
    assert ledger(bench).last_status == "robots connect_failed"


@pytest.mark.parametrize(
    ("error", "code"), [(NameNotFound(), "name_not_found"), (Refused(), "address_refused")]
)
def test_host_that_cannot_be_reached_at_all_skips_what_waits_at_once(
    bench: Bench, error: FetchError, code: str
) -> None:
    bench.fetcher.fail(ROBOTS, error)

    bench.slice()

    assert set(reasons(bench).values()) == {("skipped", f"robots_unreachable: {code}")}


def test_terminal_does_not_wait_for_the_file(bench: Bench) -> None:
    bench.fetcher.answer(ROBOTS, status=500)
    bench.world.rules[1] = some_rules(obey_robots=True, impatient=True)

    bench.slice()

    assert set(reasons(bench).values()) == {("skipped", "robots_unreachable: status-500")}


def given_up(*, failed_at: datetime) -> Ledger:
    return Ledger(
        robots_state="exhausted",
        robots_failures=4,
        robots_reason="connect_failed",
        robots_failed_at=failed_at,
        robots_until=failed_at + timedelta(hours=1),
    )


def begin(bench: Bench, at: datetime) -> None:
    bench.world.rules[1] = replace(bench.world.rules[1], began_at=at)


def test_file_that_was_given_up_is_not_asked_for_again_for_the_same_run(bench: Bench) -> None:
    bench.world.host(A).ledger = given_up(failed_at=BEGINNING - timedelta(minutes=5))
    begin(bench, BEGINNING - timedelta(minutes=30))

    bench.slice()

    assert bench.fetcher.asked() == []
    assert set(reasons(bench).values()) == {("skipped", "robots_unreachable: connect_failed")}


def test_file_that_was_given_up_is_asked_for_anew_by_a_run_that_begins_later(bench: Bench) -> None:
    bench.world.host(A).ledger = given_up(failed_at=BEGINNING - timedelta(minutes=5))
    begin(bench, BEGINNING - timedelta(minutes=1))

    bench.slice()

    assert {state for state, _reason in reasons(bench).values()} == {"done"}
    assert (ledger(bench).robots_reason, ledger(bench).robots_failed_at) == ("", None)


def test_run_that_begins_later_has_four_tries_of_its_own(bench: Bench) -> None:
    bench.world.host(A).ledger = given_up(failed_at=BEGINNING - timedelta(minutes=5))
    begin(bench, BEGINNING - timedelta(minutes=1))
    bench.fetcher.fail(ROBOTS, ConnectFailed("no"))

    bench.slice()

    assert {state for state, _reason in reasons(bench).values()} == {"queued"}
    assert (ledger(bench).robots_state, ledger(bench).robots_failures) == ("unreachable", 1)
    assert ledger(bench).robots_until == BEGINNING + timedelta(minutes=1)


def test_good_copy_stands_in_for_a_file_that_cannot_be_had(bench: Bench) -> None:
    bench.fetcher.answer(ROBOTS, status=500)
    bench.world.host(A).ledger = Ledger(
        robots_state="usable",
        robots_body=b"User-agent: *\nDisallow: /no",
        robots_fetched_at=BEGINNING - timedelta(days=29),
        robots_until=BEGINNING - timedelta(days=28),
    )

    bench.slice()

    assert reasons(bench) == {"/yes": ("done", ""), "/no": ("skipped", "robots: line 2, Disallow: /no")}
    assert ledger(bench).robots_fetched_at == BEGINNING - timedelta(days=29)


@pytest.mark.parametrize(
    "error",
    [ConnectFailed(), DnsFailed(), TimedOut(), TlsFailed(), TruncatedBody()],
    ids=lambda error: error.code,
)
def test_nothing_is_asked_while_the_host_fails(bench: Bench, error: FetchError) -> None:
    bench.fetcher.fail(ROBOTS, error)

    bench.slice()

    assert bench.fetcher.asked() == [ROBOTS]
    assert {state for state, _reason in reasons(bench).values()} == {"queued"}
    assert (ledger(bench).robots_state, ledger(bench).robots_reason) == ("unreachable", error.code)
    assert ledger(bench).robots_until == BEGINNING + timedelta(minutes=1)


def test_longer_retry_after_of_the_file_is_waited_for(bench: Bench) -> None:
    bench.fetcher.answer(ROBOTS, status=503, headers=[("Retry-After", "7200")])

    bench.slice()

    assert ledger(bench).robots_until == ledger(bench).next_at == BEGINNING + timedelta(hours=2)


def test_copy_of_more_than_thirty_days_is_not_believed(bench: Bench) -> None:
    bench.fetcher.answer(ROBOTS, status=500)
    bench.world.host(A).ledger = Ledger(
        robots_state="usable",
        robots_body=b"User-agent: *\nDisallow: /no",
        robots_fetched_at=BEGINNING - timedelta(days=31),
        robots_until=BEGINNING - timedelta(days=30),
    )

    bench.slice()

    assert {state for state, _reason in reasons(bench).values()} == {"queued"}
    assert (ledger(bench).robots_state, ledger(bench).robots_body) == ("unreachable", b"")


def test_redirected_file_rules_the_host_that_was_asked(bench: Bench) -> None:
    bench.fetcher.answer(ROBOTS, status=301, headers=[("Location", f"{B}/rules")])
    bench.fetcher.answer(f"{B}/rules", "User-agent: *\nDisallow: /no")

    bench.slice()

    assert reasons(bench)["/no"] == ("skipped", "robots: line 2, Disallow: /no")
    assert ROBOTS in bench.fetcher.asked()


def test_redirect_of_the_file_that_leads_nowhere_is_no_file(bench: Bench) -> None:
    bench.fetcher.answer(ROBOTS, status=301)

    bench.slice()

    assert {state for state, _reason in reasons(bench).values()} == {"done"}
    assert ledger(bench).robots_state == "none"


def test_run_that_does_not_obey_fetches_no_file() -> None:
    bench = Bench()
    bench.fetcher.serve(f"{A}/yes")
    bench.world.add_run(some_rules(), f"{A}/yes")

    bench.slice()

    assert bench.fetcher.asked() == [f"{A}/yes"]
