"""One host in a slice's hands."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.engine import manners
from crawler.engine.held import HeldHost
from crawler.engine.work import Claim, HostLease, Ledger
from crawler.errors import TimedOut
from crawler.frontier.politeness import Pace
from crawler.http import Failed, Fetched, Headers
from tests.fakes.clock import BEGINNING, FakeClock
from tests.fakes.fetcher import FakeFetcher
from tests.fakes.neighbours import refreshed
from tests.fakes.rules import some_rules


def held(clock: FakeClock | None = None, **ledger: Any) -> HeldHost:
    lease = HostLease(id=1, origin="http://a.test", epoch=3, ledger=Ledger(**ledger))
    return HeldHost(lease, clock or FakeClock())


def a_claim(number: int = 1, *, priority: int = 5, backlog: int = 1, **rules: Any) -> Claim:
    return Claim(
        id=number,
        rules=some_rules(backlog, **rules),
        host=1,
        backlog=backlog,
        epoch=3,
        url=f"http://a.test/{number}",
        key=bytes(16),
        depth=0,
        priority=priority,
    )


def learn_robots(host: HeldHost, body: str) -> None:
    fetcher = FakeFetcher()
    fetcher.answer("http://a.test/robots.txt", body)
    claim = host.hand.first
    assert claim is not None
    asyncio.run(refreshed(host, fetcher=fetcher, clock=FakeClock(), claim=claim))


def ask_of(host: HeldHost, *, budget: float = 30.0, elapsed: float = 0.0) -> tuple[int, int | None]:
    ask = host.ask(budget_seconds=budget, elapsed_seconds=elapsed)
    return ask.want, ask.least_in_hand


def test_claims_come_out_by_urgency_and_equals_as_they_came() -> None:
    host = held()
    host.add([a_claim(1, priority=2), a_claim(2, priority=9), a_claim(3, priority=2), a_claim(4, priority=9)])

    assert [host.hand.pop().id for _ in range(4)] == [2, 4, 1, 3]


def test_claims_of_closed_backlogs_are_taken_out_and_the_others_stay_in_order() -> None:
    host = held()
    host.add([a_claim(n, priority=n % 3, backlog=n % 2) for n in range(10)])

    taken = host.hand.take_all(frozenset({1}))

    assert {claim.backlog for claim in taken} == {1}
    assert len(taken) == len(host.hand) == 5
    rest = [host.hand.pop() for _ in range(5)]
    assert [claim.priority for claim in rest] == sorted((c.priority for c in rest), reverse=True)


def test_pace_becomes_the_slowest_and_stays_it_while_the_host_is_held() -> None:
    host = held()
    host.add([a_claim(1, backlog=1, delay_seconds=1.0)])
    host.add([a_claim(2, backlog=2, pace=Pace(delay_seconds=4.0, connections=3))])
    host.hand.take_all()

    assert host.pace == Pace(delay_seconds=4.0, connections=1)


@given(
    delays=st.lists(st.floats(0, 30), min_size=1, max_size=8),
    waits=st.lists(st.floats(0, 40), min_size=1, max_size=8),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_no_request_is_sent_within_the_delay_of_the_one_before(
    delays: list[float], waits: list[float], chance: float
) -> None:
    clock = FakeClock(chance=chance)
    host = held(clock)
    sent: list[float] = []
    for number, delay in enumerate(delays):
        host.add([a_claim(number, backlog=number, delay_seconds=delay)])
        clock.advance(waits[number % len(waits)])
        clock.advance(max(host.slot_in(), 0.0))
        if sent:
            assert clock.monotonic() - sent[-1] >= host.pace.delay_seconds - 1e-6
        sent.append(clock.monotonic())
        host.use_slot()


def test_new_holder_waits_for_what_the_last_one_sent() -> None:
    clock = FakeClock()
    host = held(clock, last_at=BEGINNING - timedelta(seconds=2))

    host.add([a_claim(delay_seconds=5.0)])

    assert host.slot_in() == 3.0


def test_host_held_back_by_its_ledger_stays_so() -> None:
    assert held(next_at=BEGINNING + timedelta(seconds=40)).slot_in() == 40


def test_news_tell_when_the_host_may_be_asked_again_and_at_which_pace() -> None:
    clock = FakeClock()
    host = held(clock)
    host.add([a_claim(delay_seconds=2.0)])
    host.use_slot()
    assert host.dirty

    news = host.news()

    assert (news.id, news.epoch, news.robots) == (1, 3, False)
    assert news.ledger.next_at == BEGINNING + timedelta(seconds=2)
    assert (news.ledger.last_at, news.ledger.delay_seconds) == (BEGINNING, 2.0)
    assert not host.dirty


def test_news_of_robots_are_told_once() -> None:
    host = held()
    host.add([a_claim()])
    learn_robots(host, "")

    assert host.news().robots
    assert not host.news().robots


def test_crawl_delay_slows_only_runs_that_obey() -> None:
    obeying, careless = held(), held()
    for host, obeys in ((obeying, True), (careless, False)):
        host.add([a_claim(obey_robots=obeys)])
        learn_robots(host, "User-agent: *\nCrawl-delay: 7")

    assert (obeying.pace.delay_seconds, careless.pace.delay_seconds) == (7.0, 0.0)
    assert careless.ledger.crawl_delay_seconds == 7.0


def test_host_that_gets_slow_is_left_alone_for_longer_at_once() -> None:
    host = held()
    claim = a_claim()
    host.add([replace(claim, rules=replace(claim.rules, pace=Pace(delay_seconds=1.0, adapts=True)))])
    host.use_slot()
    for seconds in (0.1, 20.0):
        manners.note(host, Failed(url=claim.url, error=TimedOut(), elapsed_seconds=seconds))

    latency = 0.8 * 0.1 + 0.2 * 20.0
    assert host.ledger.latency_seconds == pytest.approx(latency)
    assert host.pace.delay_seconds == pytest.approx(2 * latency)
    assert host.slot_in() >= 2 * latency - 0.001
    told = host.news().ledger
    assert told.delay_seconds == pytest.approx(2 * latency)
    assert told.delay_reason == "slow"


def test_slow_answers_change_nothing_where_the_pace_does_not_adapt() -> None:
    host = held()
    host.add([a_claim(delay_seconds=1.0)])
    manners.note(host, Failed(url="http://a.test/", error=TimedOut(), elapsed_seconds=30.0))

    assert (host.pace.delay_seconds, host.pace.because) == (1.0, "")


def test_little_in_hand_asks_for_what_two_seconds_take() -> None:
    host = held()
    host.add([a_claim(1, delay_seconds=0.5)])

    assert ask_of(host) == (3, 5)
    host.add([a_claim(2, delay_seconds=0.5), a_claim(3, delay_seconds=0.5)])
    assert ask_of(host) == (0, 5)


def test_more_urgent_work_is_asked_for_until_a_batch_of_it_is_in_hand() -> None:
    host = held()
    host.add([a_claim(1, priority=1, delay_seconds=1.0), a_claim(2, priority=1, delay_seconds=1.0)])
    assert ask_of(host) == (0, 1)
    host.add([a_claim(3, priority=9, delay_seconds=1.0)])
    assert ask_of(host) == (0, 1)
    host.add([a_claim(4, priority=9, delay_seconds=1.0)])

    assert ask_of(host) == (0, None)


def test_host_on_its_way_out_asks_for_nothing() -> None:
    host = held()
    host.add([a_claim(1, priority=1)])
    host.leaving = True

    assert ask_of(host) == (0, None)


def test_host_that_cannot_be_asked_in_time_asks_for_nothing() -> None:
    host = held()
    host.rest(timedelta(seconds=60), because="status-503")
    host.leaving = False

    assert ask_of(host, budget=30.0) == (0, None)


def test_host_given_up_asks_on_so_that_everything_on_it_ends() -> None:
    host = held()
    host.rest(timedelta(seconds=60), because="status-503")
    host.give_up()

    assert ask_of(host)[0] > 0
    assert host.news().ledger.next_at == BEGINNING + timedelta(seconds=60)


def test_rate_seen_sets_the_batch_where_there_is_no_delay() -> None:
    host = held()
    host.add([a_claim()])
    host.hand.pop()
    for _ in range(500):
        host.use_slot()

    want, _least = ask_of(host, elapsed=1.0)

    assert want > 500


def answered(*, dial_seconds: float) -> Fetched:
    return Fetched(
        url="http://a.test/1",
        status=200,
        headers=Headers([]),
        body=b"",
        wire_bytes=0,
        elapsed_seconds=0.5,
        dial_seconds=dial_seconds,
    )


@pytest.mark.parametrize(("dialled", "waits"), [(0.0, 0.5), (0.4, 0.9)])
def test_gap_begins_when_a_connection_was_made_and_the_request_went_out(dialled: float, waits: float) -> None:
    clock = FakeClock()
    host = held(clock)
    host.add([a_claim(delay_seconds=1.0)])
    host.use_slot()
    clock.advance(0.5)

    for _ in range(2):
        manners.note(host, answered(dial_seconds=dialled))

    assert host.slot_in() == pytest.approx(waits)
