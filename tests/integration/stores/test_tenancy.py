"""A terminal's host goes round: to workers, test fetches and other terminals, and back to it."""

from __future__ import annotations

import pytest

from crawler.engine.work import HostNews
from crawler.frontier.tenure import LEAST, TURN, UNTAKEN, WANTED_FOR
from crawler.models import Heartbeat, Host, Run, RunTrigger
from crawler.services import runs
from crawler.stores import leases
from tests.crawling import a_run
from tests.fakes.clock import FakeClock
from tests.integration.stores.hands import Hands
from tests.law import assert_conserved

pytestmark = pytest.mark.django_db
A = "http://a.test"
PAGES = [f"{A}/{number}" for number in range(40)]


@pytest.fixture
def run() -> Run:
    return a_run(*PAGES, trigger=RunTrigger.TERMINAL, delay_seconds=2.0)


@pytest.fixture
def terminal(run: Run, clock: FakeClock) -> Hands:
    """A terminal that holds its host."""
    hands = Hands(clock, lane="terminal", run=run.pk)
    assert hands.look().leased
    return hands


def a_worker(clock: FakeClock, *, floor: int = 0) -> Hands:
    return Hands(clock, lane="default", floor=floor)


def work(*, priority: int = 5) -> Run:
    """A run of the service that waits on the terminal's host."""
    return a_run(*PAGES, delay_seconds=2.0, priority=priority)


def gives_way(hands: Hands) -> bool:
    """Look; give back what others are to have, and say whether there was something."""
    found = hands.look(want=1)
    if found.wanted:
        assert found.claims == ()
        leases.free(hands.owner, now=hands.clock.now(), lost=False)
        leases.begin(owner=hands.owner, lane="terminal", node="node", now=hands.clock.now())
        hands.held = {}
    return bool(found.wanted)


def takes(hands: Hands) -> bool:
    """Look, and say whether it got the host."""
    return bool(hands.look(want=1).leased)


def test_worker_has_the_host_after_a_turn_and_the_terminal_after_another(
    terminal: Hands, clock: FakeClock
) -> None:
    worker, service = a_worker(clock), work()
    clock.advance(TURN.total_seconds() - 1)
    assert not gives_way(terminal)
    clock.advance(1)

    assert gives_way(terminal)

    assert not takes(terminal)
    clock.advance(2)
    assert not takes(terminal)
    assert takes(worker)
    assert not takes(terminal)
    assert worker.look(want=1).wanted == frozenset()
    clock.advance(TURN.total_seconds() - 2)
    assert not takes(terminal)
    assert worker.look(want=1).wanted == worker.held.keys()
    worker.release_all()
    assert not takes(worker)
    assert takes(terminal)
    assert_conserved(service)


def test_more_urgent_work_has_the_host_at_once_and_leaves_the_terminal_a_tenth(
    terminal: Hands, clock: FakeClock
) -> None:
    urgent = a_worker(clock, floor=8)
    work(priority=9)

    assert gives_way(terminal)
    clock.advance(2)
    assert takes(urgent)
    clock.advance(TURN.total_seconds())
    assert not takes(terminal)
    urgent.look(want=0)
    urgent.release_all()
    assert takes(terminal)

    assert not gives_way(terminal)
    clock.advance(LEAST.total_seconds())
    assert gives_way(terminal)


def test_host_stays_where_no_worker_lives(terminal: Hands, clock: FakeClock) -> None:
    work(priority=9)
    Heartbeat.objects.create(
        name="worker-jobs@n", kind="worker-jobs", node="n", pid=1, started_at=clock.now(), seen_at=clock.now()
    )
    clock.advance(TURN.total_seconds())
    assert not gives_way(terminal)

    Heartbeat.objects.create(
        name="worker@n", kind="worker", node="n", pid=1, started_at=clock.now(), seen_at=clock.now()
    )

    assert gives_way(terminal)


def test_host_that_no_worker_takes_comes_back_to_the_terminal(terminal: Hands, clock: FakeClock) -> None:
    a_worker(clock)
    work(priority=9)
    assert gives_way(terminal)
    clock.advance(UNTAKEN.total_seconds() - 1)
    assert not takes(terminal)

    clock.advance(2)

    assert takes(terminal)


def test_paused_work_takes_nothing_from_the_terminal(terminal: Hands, clock: FakeClock) -> None:
    a_worker(clock)
    runs.pause(run=work(priority=9), now=clock.now())
    clock.advance(TURN.total_seconds())

    assert not gives_way(terminal)


def test_test_fetch_has_the_host_next_and_then_the_terminal_again(terminal: Hands, clock: FakeClock) -> None:
    assert leases.lease_one(A, owner="a test fetch", now=clock.now()) is None

    assert gives_way(terminal)

    assert not takes(terminal)
    lease = leases.lease_one(A, owner="a test fetch", now=clock.now())
    assert lease is not None
    assert not takes(terminal)
    leases.give_back(
        HostNews(id=lease.id, epoch=lease.epoch, ledger=lease.ledger), owner="a test fetch", now=clock.now()
    )
    assert takes(terminal)


def test_test_fetch_that_never_comes_is_not_waited_for_long(terminal: Hands, clock: FakeClock) -> None:
    leases.lease_one(A, owner="a test fetch", now=clock.now())
    assert gives_way(terminal)
    clock.advance(WANTED_FOR.total_seconds())
    assert not takes(terminal)

    clock.advance(1)

    assert takes(terminal)


def test_two_terminals_take_turns(terminal: Hands, clock: FakeClock) -> None:
    other = Hands(clock, lane="terminal", run=a_run(*PAGES, trigger=RunTrigger.TERMINAL).pk)
    assert not takes(other)
    assert gives_way(terminal)

    assert not takes(terminal)
    assert takes(other)
    assert not takes(terminal)
    assert not gives_way(other)
    clock.advance(TURN.total_seconds())
    assert not takes(terminal)
    assert gives_way(other)
    assert takes(terminal)


def test_terminal_that_finds_the_host_held_asks_for_it(run: Run, clock: FakeClock) -> None:
    work()
    worker = a_worker(clock)
    assert takes(worker)
    terminal = Hands(clock, lane="terminal", run=run.pk)

    assert not takes(terminal)

    asked_at = Host.objects.get().wanted_at
    assert asked_at == clock.now()
    clock.advance(1)
    assert not takes(terminal)
    assert Host.objects.get().wanted_at == asked_at
    assert worker.look(want=1).wanted == worker.held.keys()


def test_terminal_goes_on_with_its_turn_when_it_had_nothing_to_do_for_a_moment(
    terminal: Hands, clock: FakeClock
) -> None:
    a_worker(clock)
    clock.advance(TURN.total_seconds() - 1)
    work()
    terminal.release_all()
    assert takes(terminal)

    clock.advance(1)

    assert gives_way(terminal)
