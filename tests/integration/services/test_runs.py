"""Runs from their start to their settlement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from crawler.engine.work import Ended, Ending
from crawler.models import (
    Backlog,
    Host,
    OutboxMessage,
    Request,
    RequestState,
    Run,
    RunState,
    RunTrigger,
    Schedule,
)
from crawler.services import reconciling, runs
from tests.crawling import a_run, a_target, again
from tests.fakes.clock import FakeClock
from tests.integration.stores.hands import Hands, fresh, visited
from tests.law import assert_conserved

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
A, B = "http://a.test", "http://b.test"


@pytest.fixture(autouse=True)
def _conserved() -> Iterator[None]:
    yield
    for run in Run.objects.without_secrets():
        assert_conserved(run.pk)


def pages(count: int, origin: str = A) -> list[str]:
    return [f"{origin}/{number}" for number in range(count)]


def counts(run: Run) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Request.objects.filter(run=run).values_list("state", flat=True):
        found[RequestState(state).label] = found.get(RequestState(state).label, 0) + 1
    return found


def reports() -> int:
    return OutboxMessage.objects.filter(work="runs.report").count()


def test_run_starts_with_its_start_urls_queued_on_their_hosts() -> None:
    run = a_run(f"{A}/", f"{B}/1", f"{B}/2", priority=6)

    assert (run.state, run.discovered, run.priority) == (RunState.QUEUED, 3, 6)
    assert set(Backlog.objects.values_list("host__origin", "priority", "open")) == {
        (A, 6, True),
        (B, 6, True),
    }
    assert not Host.objects.filter(due_at=None).exists()
    assert set(Host.objects.values_list("top_priority", flat=True)) == {6}


def test_start_urls_that_are_one_are_fetched_once() -> None:
    run = a_run(f"{A}/", f"{A}", "HTTP://A.test/#top", f"{A}/?utm_source=x")

    assert (run.discovered, counts(run)) == (1, {"queued": 1})


def test_run_keeps_the_settings_it_started_with() -> None:
    run = a_run(f"{A}/", headers={"X-Key": "secret"}, exclude=["/no"])
    target = run.target
    target.exclude, target.headers = [], {}
    target.save()

    assert fresh(run).settings["exclude"] == ["/no"]
    assert fresh(run).headers == {"X-Key": "secret"}


@pytest.mark.parametrize("change", [{"enabled": False}, {"deleted_at": timezone.now()}])
def test_target_that_is_switched_off_starts_nothing(change: dict[str, object]) -> None:
    with pytest.raises(runs.TargetDisabled, match="enable the target"):
        runs.start(target=a_target(**change), trigger=RunTrigger.API, now=timezone.now())
    assert not Run.objects.exists()


def test_nominal_time_has_one_run() -> None:
    target, now = a_target(), timezone.now()
    schedule = Schedule.objects.create(target=target, every_seconds=60, next_run_at=now)

    def start() -> Run:
        return runs.start(
            target=target, trigger=RunTrigger.SCHEDULE, now=now, schedule=schedule, nominal_at=now
        )

    start()
    with pytest.raises(IntegrityError), transaction.atomic():
        start()
    assert Run.objects.count() == 1


def test_paused_run_gives_no_claims_until_it_is_resumed(clock: FakeClock) -> None:
    run = a_run(*pages(3), f"{B}/")
    runs.pause(run=run, now=clock.now())
    assert run.state == RunState.PAUSED
    assert Hands(clock).claims() == {}
    assert not Host.objects.exclude(due_at=None).exists()

    runs.resume(run=run, now=clock.now())

    assert len(Hands(clock).claims()) == 4
    assert fresh(run).state == RunState.RUNNING


def test_run_whose_last_page_came_while_it_was_paused_finishes_when_resumed(clock: FakeClock) -> None:
    run = a_run(f"{A}/")
    hands = Hands(clock)
    claims = hands.claims()
    runs.pause(run=run, now=clock.now())
    hands.release_all(visited(claims[f"{A}/"]))
    assert fresh(run).state == RunState.PAUSED

    runs.resume(run=run, now=clock.now())

    assert run.state == RunState.FINISHED
    assert reports() == 1


def test_cancelled_run_skips_what_waits_and_drops_what_is_in_flight(clock: FakeClock) -> None:
    run = a_run(*pages(5))
    hands = Hands(clock)
    claims = hands.claims()
    hands.commit(visited(claims[f"{A}/0"]))

    runs.cancel(run=run, now=clock.now())
    hands.release_all(visited(claims[f"{A}/1"], f"{A}/new"))

    assert counts(run) == {"done": 1, "skipped": 4}
    row = fresh(run)
    assert (row.state, row.reason, row.settled, row.stale) == (RunState.CANCELLED, "cancelled", True, 1)
    assert set(Request.objects.filter(state=RequestState.SKIPPED).values_list("reason", flat=True)) == {
        "cancelled"
    }
    assert reports() == 1


def test_large_run_is_settled_in_batches_and_tells_of_its_end_last(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "SETTLE_BATCH", 4)
    run = a_run(*pages(10))

    runs.cancel(run=run, now=clock.now())
    assert (counts(run), fresh(run).settled) == ({"queued": 6, "skipped": 4}, False)
    assert list(OutboxMessage.objects.values_list("work", flat=True)) == ["runs.settle"]

    assert runs.settle(run=run, now=clock.now())

    assert (counts(run), fresh(run).settled) == ({"skipped": 10}, True)
    assert reports() == 1
    assert runs.settle(run=run, now=clock.now())
    assert reports() == 1


def test_request_found_after_its_run_was_settled_is_settled_too(clock: FakeClock) -> None:
    run = a_run(*pages(2))
    hands = Hands(clock)
    claims = hands.claims()
    runs.cancel(run=run, now=clock.now())
    # as if its commit had been under way: PostgreSQL lets it end after the settlement
    Request.objects.filter(url=f"{A}/0").update(state=RequestState.LEASED)
    Run.objects.filter(pk=run.pk).update(skipped=1)
    hands.commit(visited(claims[f"{A}/0"], f"{A}/new"))
    assert not fresh(run).settled

    reconciling.reconcile(now=clock.now())

    assert counts(run) == {"done": 1, "skipped": 2}
    assert fresh(run).settled


def test_late_run_is_ended_with_what_it_has(clock: FakeClock) -> None:
    run = a_run(*pages(3), max_minutes=2)
    hands = Hands(clock)
    claims = hands.claims(want=2)
    first, second, *_rest = claims.values()
    hands.commit(visited(first))
    assert runs.stop_late(now=clock.now()) == 0
    clock.advance(121)
    for claim in list(claims.values())[2:]:
        hands.commit(Ended(claim=claim, state=Ending.FAILED, reason="status-404"))

    assert runs.stop_late(now=clock.now()) == 1

    hands.release_all(visited(second, f"{B}/new"))
    reconciling.reconcile(now=clock.now())
    row = fresh(run)
    assert (row.state, row.reason, row.pages) == (RunState.FINISHED, "time_limit", 2)
    assert counts(run)["skipped"] == 1
    assert not Backlog.objects.filter(run=run, open=True).exists()


def test_time_that_a_run_rests_is_not_its_own(clock: FakeClock) -> None:
    run = a_run(*pages(3), max_minutes=2)
    Hands(clock).take(want=2)
    for _ in range(2):
        clock.advance(50)
        runs.pause(run=run, now=clock.now())
        clock.advance(3_600)
        runs.resume(run=run, now=clock.now())

    clock.advance(19)
    assert runs.stop_late(now=clock.now()) == 0
    clock.advance(2)
    assert runs.stop_late(now=clock.now()) == 1


def test_run_that_was_paused_before_it_started_has_all_its_time(clock: FakeClock) -> None:
    run = a_run(*pages(3), max_minutes=2)
    runs.pause(run=run, now=clock.now())
    clock.advance(3_600)
    runs.resume(run=run, now=clock.now())

    clock.advance(119)
    assert runs.stop_late(now=clock.now()) == 0
    clock.advance(2)
    assert runs.stop_late(now=clock.now()) == 1


def test_time_limit_of_a_run_without_one_never_comes(clock: FakeClock) -> None:
    run = a_run(f"{A}/")
    Hands(clock).claims()
    clock.advance(10**6)

    assert runs.stop_late(now=clock.now()) == 0
    assert fresh(run).state == RunState.RUNNING


def test_moved_priority_moves_its_backlogs_and_hosts(clock: FakeClock) -> None:
    run, other = a_run(f"{A}/1", f"{B}/"), a_run(f"{A}/2", priority=6)

    runs.move_priority(run=run, priority=9, now=clock.now())

    assert set(Backlog.objects.filter(run=run).values_list("priority", flat=True)) == {9}
    assert set(Host.objects.values_list("top_priority", flat=True)) == {9}
    assert set(Hands(clock, floor=8).claims()) >= {f"{A}/1", f"{B}/"}
    assert fresh(other).priority == 6


def test_run_whose_scraper_is_gone_fails_and_the_others_go_on(clock: FakeClock) -> None:
    gone = a_run(*pages(3), scraper="gone")
    well = a_run(f"{A}/well")
    hands = Hands(clock)

    assert set(hands.claims()) == {f"{A}/well"}

    assert [run for run, _reason in hands.unreadable] == [gone.pk]
    runs.fail(run=gone, reason=hands.unreadable[0][1], now=clock.now())
    row = fresh(gone)
    assert row.state == RunState.FAILED
    assert "gone" in row.reason
    assert (counts(gone), row.settled) == ({"skipped": 3}, True)
    assert not fresh(well).is_final


def test_run_whose_secrets_cannot_be_read_fails_alone(clock: FakeClock) -> None:
    sealed, well = a_run(f"{A}/sealed"), a_run(f"{A}/well")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crawler_run SET headers = 'not a token' WHERE id = %s", [sealed.pk])
    hands = Hands(clock)

    assert set(hands.claims()) == {f"{A}/well"}
    assert [run for run, _reason in hands.unreadable] == [sealed.pk]
    runs.fail(run=Run.objects.without_secrets().get(pk=sealed.pk), reason="sealed", now=clock.now())
    assert Run.objects.values_list("state", flat=True).get(pk=sealed.pk) == RunState.FAILED
    assert not fresh(well).is_final


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda run, now: runs.pause(run=run, now=now), "is cancelled and cannot be paused"),
        (lambda run, now: runs.resume(run=run, now=now), "is cancelled and cannot be resumed"),
        (lambda run, now: runs.cancel(run=run, now=now), "is cancelled and cannot be cancelled"),
        (
            lambda run, now: runs.move_priority(run=run, priority=1, now=now),
            "is cancelled and cannot be moved",
        ),
    ],
)
def test_run_that_has_ended_changes_no_more(clock: FakeClock, change: object, told: str) -> None:
    run = a_run(f"{A}/")
    runs.cancel(run=run, now=clock.now())

    with pytest.raises(runs.WrongState, match=told):
        change(run, clock.now())  # type: ignore[operator]


def test_run_that_is_not_paused_cannot_be_resumed() -> None:
    with pytest.raises(runs.WrongState, match="only a paused run"):
        runs.resume(run=a_run(f"{A}/"), now=timezone.now())


def test_pause_that_was_interrupted_is_completed_by_the_reconciler(clock: FakeClock) -> None:
    run = a_run(f"{A}/")
    Run.objects.filter(pk=run.pk).update(state=RunState.PAUSED)

    reconciling.reconcile(now=clock.now())

    assert Hands(clock).claims() == {}


def test_cancel_that_was_interrupted_is_completed_by_the_reconciler(clock: FakeClock) -> None:
    run = a_run(*pages(3))
    Run.objects.filter(pk=run.pk).update(state=RunState.CANCELLED, reason="cancelled")

    reconciling.reconcile(now=clock.now())

    assert (counts(run), fresh(run).settled) == ({"skipped": 3}, True)


def test_terminals_run_is_left_to_its_terminal_and_paused_when_that_is_gone(clock: FakeClock) -> None:
    run = a_run(f"{A}/", trigger=RunTrigger.TERMINAL)
    assert Hands(clock).claims() == {}
    terminal = Hands(clock, run=run.pk)
    assert set(terminal.claims()) == {f"{A}/"}
    clock.advance(55)
    reconciling.reconcile(now=clock.now())
    assert fresh(run).state == RunState.RUNNING

    terminal.vanish()
    reconciling.reconcile(now=clock.now())

    assert fresh(run).state == RunState.PAUSED


def test_second_run_of_a_target_is_a_run_of_its_own(clock: FakeClock) -> None:
    first = a_run(f"{A}/")
    second = again(first)

    claims = Hands(clock).claims()

    assert len(claims) == 1  # one URL, two runs
    assert Request.objects.filter(state=RequestState.LEASED).values("run").distinct().count() == 2
    assert fresh(second).target_id == first.target_id
