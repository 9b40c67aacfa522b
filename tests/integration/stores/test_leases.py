"""Who holds which host, and what becomes of it when they vanish."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.engine.work import HostNews, Ledger
from crawler.models import Host, OutboxMessage, Request, RequestState, Run, RunState, Slice
from crawler.services import vanished
from crawler.stores import hosts, leases, processes
from tests.crawling import a_run
from tests.fakes.clock import FakeClock
from tests.integration.stores.hands import Hands, fresh, visited
from tests.law import assert_conserved

pytestmark = pytest.mark.django_db
A, B = "http://a.test", "http://b.test"
LEASE = timedelta(seconds=60)


def test_end_of_a_slice_gives_everything_back_and_counts_no_loss(clock: FakeClock) -> None:
    run = a_run(f"{A}/", f"{B}/")
    hands = Hands(clock)
    hands.claims()

    leases.end(owner=hands.owner, now=clock.now())

    assert not Slice.objects.exists()
    assert set(Host.objects.values_list("lease_owner", flat=True)) == {""}
    assert set(Request.objects.values_list("state", "losses")) == {(RequestState.QUEUED, 0)}
    assert_conserved(run)


def test_vanished_slice_loses_what_it_had_in_hand_and_nothing_else(clock: FakeClock) -> None:
    run = a_run(f"{A}/1", f"{A}/2", f"{A}/3", delay_seconds=1.0)
    hands = Hands(clock)
    claims = hands.claims(want=0)
    hands.commit(visited(claims[f"{A}/1"]))

    freed = leases.free(hands.owner, now=clock.now(), lost=True)

    assert (freed.hosts, freed.requests, freed.dead) == (1, 1, 0)
    assert dict(Request.objects.values_list("url", "losses")) == {f"{A}/1": 0, f"{A}/2": 1, f"{A}/3": 0}
    assert_conserved(run)


def test_host_of_a_vanished_slice_is_next_asked_one_delay_later(clock: FakeClock) -> None:
    a_run(f"{A}/", delay_seconds=4.0)
    Host.objects.update(delay_seconds=4.0)
    hands = Hands(clock)
    hands.claims()

    hands.vanish()

    assert Hands(clock).claims() == {}
    clock.advance(4.1)
    assert set(Hands(clock).claims()) == {f"{A}/"}


def test_host_whose_pace_nobody_noted_waits_the_default_delay(clock: FakeClock) -> None:
    a_run(f"{A}/", delay_seconds=0.0)
    hands = Hands(clock)
    hands.claims()

    hands.vanish()

    host = Host.objects.get()
    assert host.next_at == clock.now() + timedelta(seconds=1)
    assert host.due_at == host.next_at


def test_request_lost_three_times_alone_is_dead_and_its_run_ends(clock: FakeClock) -> None:
    run = a_run(f"{A}/bad")
    for loss in range(5):
        hands = Hands(clock)
        found = hands.look()
        if loss >= 2:
            assert found.alone_waiting
            assert hands.look(lease=False, alone=True).claims
        hands.vanish()
        clock.advance(2)

    row = fresh(run)
    assert (row.dead, row.state, row.reason) == (
        1,
        RunState.FAILED,
        "no start URL could be fetched (worker_lost)",
    )
    assert Request.objects.get().losses == 5
    assert OutboxMessage.objects.filter(work="runs.report").count() == 1
    assert_conserved(run)


def test_two_who_free_the_same_slice_count_its_losses_once(clock: FakeClock) -> None:
    a_run(f"{A}/")
    hands = Hands(clock)
    hands.claims()

    hands.vanish()
    hands.vanish()

    assert Request.objects.get().losses == 1


def test_slice_is_expired_when_it_was_not_renewed_for_a_whole_lease(clock: FakeClock) -> None:
    hands = Hands(clock)
    clock.advance(59)
    assert leases.expired(now=clock.now(), lease_time=LEASE) == []
    assert leases.renew(owner=hands.owner, now=clock.now(), lease_time=LEASE)
    clock.advance(59)
    assert leases.expired(now=clock.now(), lease_time=LEASE) == []
    clock.advance(2)
    assert leases.expired(now=clock.now(), lease_time=LEASE) == [hands.owner]


def test_slice_that_was_cleared_away_cannot_renew_itself(clock: FakeClock) -> None:
    hands = Hands(clock)
    hands.vanish()

    assert not leases.renew(owner=hands.owner, now=clock.now(), lease_time=LEASE)


def test_what_a_slice_took_after_it_was_given_up_is_freed(clock: FakeClock) -> None:
    run = a_run(f"{A}/")
    hands = Hands(clock)
    hands.vanish()
    assert set(hands.claims()) == {f"{A}/"}
    assert leases.orphaned() == [hands.owner]

    assert vanished.free_expired(now=clock.now()) == 1

    assert leases.orphaned() == []
    assert Host.objects.get().lease_owner == ""
    assert_conserved(run)


def test_only_slices_of_gone_processes_of_this_node_are_freed_at_once(clock: FakeClock) -> None:
    a_run(f"{A}/", f"{B}/")
    here = processes.node()
    alive = processes.new_owner()
    gone = f"{here}/999999999:1/1"
    for owner in (alive, gone):
        leases.begin(owner=owner, lane="bulk", node=here, now=clock.now())
    leases.begin(owner="elsewhere/999999999:1/1", lane="bulk", node="elsewhere", now=clock.now())

    assert vanished.free_on_this_node(now=clock.now()) == 1

    assert set(Slice.objects.values_list("owner", flat=True)) == {alive, "elsewhere/999999999:1/1"}


def test_page_that_hangs_its_reader_is_dead_and_the_rest_goes_back(clock: FakeClock) -> None:
    run = a_run(f"{A}/bad", f"{A}/good")
    hands = Hands(clock)
    claims = hands.claims()

    leases.bury_hung(claims[f"{A}/bad"].id, owner=hands.owner, now=clock.now())
    leases.free(hands.owner, now=clock.now(), lost=False)

    assert set(Request.objects.values_list("url", "state", "reason")) == {
        (f"{A}/bad", RequestState.DEAD, "reader_hung"),
        (f"{A}/good", RequestState.QUEUED, ""),
    }
    assert fresh(run).dead == 1
    host = Host.objects.get(origin=A)
    assert host.hold_reason == "reader_hung"
    assert host.due_at == host.next_at == clock.now() + timedelta(minutes=5)
    assert_conserved(run)


def test_hung_page_does_not_end_a_longer_wait_of_its_host(clock: FakeClock) -> None:
    a_run(f"{A}/bad")
    hands = Hands(clock)
    (claim,) = hands.claims().values()
    later = clock.now() + timedelta(hours=1)
    Host.objects.filter(origin=A).update(next_at=later, hold_reason="status-429")

    leases.bury_hung(claim.id, owner=hands.owner, now=clock.now())
    leases.free(hands.owner, now=clock.now(), lost=False)

    host = Host.objects.get(origin=A)
    assert (host.next_at, host.hold_reason) == (later, "status-429")


def test_hung_page_of_a_host_that_was_lost_is_left_alone(clock: FakeClock) -> None:
    run = a_run(f"{A}/bad")
    hands = Hands(clock)
    (claim,) = hands.claims().values()
    hands.vanish()

    leases.bury_hung(claim.id, owner=hands.owner, now=clock.now())

    assert fresh(run).dead == 0
    assert_conserved(run)


def test_host_leased_by_name_is_kept_from_slices_and_asked_for_when_held(clock: FakeClock) -> None:
    a_run(f"{A}/")
    hands = Hands(clock)
    hands.claims()
    assert leases.lease_one(A, owner="preview", now=clock.now()) is None
    assert hands.look().wanted

    hands.release_all()
    clock.advance(1)
    assert Hands(clock).look().leased == ()
    lease = leases.lease_one(A, owner="preview", now=clock.now())

    assert lease is not None
    assert lease.origin == A
    assert Host.objects.get().wanted_at is None


def test_terminal_asks_for_hosts_that_workers_hold(clock: FakeClock) -> None:
    a_run(f"{A}/worker")
    worker = Hands(clock)
    worker.claims()
    run = a_run(f"{A}/terminal", f"{B}/terminal", trigger="terminal")  # type: ignore[arg-type]
    terminal = Hands(clock, run=run.pk)

    assert set(terminal.claims()) == {f"{B}/terminal"}

    assert worker.look().wanted == {Host.objects.get(origin=A).pk}
    worker.release_all()
    assert set(terminal.claims()) == {f"{A}/terminal"}


def test_hosts_are_made_once(clock: FakeClock) -> None:
    first = hosts.ids_of([A, B, A])
    second = hosts.ids_of([B, "http://c.test"])

    assert first.keys() == {A, B}
    assert second[B] == first[B]
    assert Host.objects.count() == 3


def test_ledger_is_read_as_it_was_written(clock: FakeClock) -> None:
    ledger = Ledger(
        next_at=clock.now(), last_at=clock.now(), last_status="200", latency_seconds=0.25, failures=3,
        circuit_openings=1, unavailable_since=clock.now(), hold_reason="status-503", delay_seconds=1.5,
        crawl_delay_seconds=2.5, robots_state="usable", robots_body=b"\x00\xff",
        robots_failed_at=clock.now(), robots_reason="timed_out",
        robots_fetched_at=clock.now(), robots_until=clock.now(), robots_failures=2,
    )  # fmt: skip
    lease = leases.lease_one(A, owner="me", now=clock.now())
    assert lease is not None

    news = HostNews(id=lease.id, epoch=lease.epoch, ledger=ledger)
    leases.give_back(news, owner="me", now=clock.now())

    again = leases.lease_one(A, owner="me", now=clock.now())
    assert again is not None
    assert again.ledger == ledger
    assert again.epoch > lease.epoch


def test_ledger_of_a_host_that_was_lost_stays_as_its_new_holder_says(clock: FakeClock) -> None:
    lease = leases.lease_one(A, owner="me", now=clock.now())
    assert lease is not None
    Host.objects.update(lease_owner="other", lease_epoch=lease.epoch + 2, last_status="new")

    leases.give_back(
        HostNews(id=lease.id, epoch=lease.epoch, ledger=Ledger(last_status="old")),
        owner="me",
        now=clock.now(),
    )

    host = Host.objects.get()
    assert (host.last_status, host.lease_owner) == ("new", "other")


def test_process_is_known_by_its_number_and_its_start() -> None:
    owner = processes.new_owner()
    node, process, _number = owner.split("/")
    pid, _, start = process.partition(":")

    assert node == processes.node()
    assert not processes.is_gone(owner)
    assert processes.is_gone(f"{node}/{pid}:{int(start) + 1}/1")
    assert processes.is_gone(f"{node}/999999999:5/1")
    assert not processes.is_gone("no owner at all")
    assert processes.new_owner() != owner


def test_run_that_is_gone_is_no_trouble_to_a_slice_that_served_it(clock: FakeClock) -> None:
    run = a_run(f"{A}/")
    hands = Hands(clock)
    (claim,) = hands.claims().values()
    run.target.delete()

    hands.release_all(visited(claim, f"{A}/2"))

    assert not Run.objects.exists()
    assert Host.objects.get().due_at is None
