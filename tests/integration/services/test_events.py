"""What is told of a run's end, and that it is told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from crawler.models import Event, EventKind, OutboxMessage, Request, RequestState, Run, RunState
from crawler.services import events, runs
from crawler.stores import runs as rows
from tests.crawling import a_run, a_target

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def told(run: Run) -> list[tuple[str, object]]:
    return [(event.kind, event.data) for event in Event.objects.filter(run=run).order_by("id")]


def all_done(run: Run, *, pages: int = 1) -> None:
    """Let every request of `run` be done, as slices do before they finish it."""
    Request.objects.filter(run=run).update(state=RequestState.DONE)
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, done=run.discovered, pages=pages, items=2)


@pytest.mark.parametrize(("pages", "kind"), [(1, EventKind.RUN_FINISHED), (0, EventKind.RUN_FAILED)])
def test_a_run_that_ends_by_itself_tells_of_it_once(pages: int, kind: EventKind) -> None:
    run = a_run()
    all_done(run, pages=pages)
    for _ in range(2):
        with transaction.atomic():
            rows.finish_if_done(run.pk, now=NOW)
    reason = "" if pages else "no start URL could be fetched"
    assert told(run) == [(kind, {"reason": reason, "pages": pages, "items": 2, "failed": 0})]
    assert OutboxMessage.objects.count() == 1
    assert Event.objects.get().target_id == run.target_id


def test_a_cancelled_run_tells_of_it_when_nothing_waits_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "SETTLE_BATCH", 2)
    run = a_run(*(f"http://site.test/{number}" for number in range(3)))
    runs.cancel(run=run, now=NOW)
    assert told(run) == []
    runs.settle(run=run, now=NOW)
    runs.settle(run=run, now=NOW + timedelta(seconds=1))
    assert [kind for kind, _data in told(run)] == [EventKind.RUN_CANCELLED]


def test_a_run_that_cannot_go_on_tells_why() -> None:
    run = a_run()
    runs.fail(run=run, reason="its scraper is gone", now=NOW)
    assert [kind for kind, _data in told(run)] == [EventKind.RUN_FAILED]
    assert Event.objects.get().data["reason"] == "its scraper is gone"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (EventKind.RUN_FINISHED, EventKind.RUN_CANCELLED),
        (EventKind.RUN_FAILED, EventKind.RUN_FAILED),
        (EventKind.DEADLINE_MISSED, EventKind.DEADLINE_MET),
    ],
)
def test_what_happens_once_in_a_run_is_told_once(first: EventKind, second: EventKind) -> None:
    run = a_run()
    assert events.record(first, target=run.target_id, run=run.pk, now=NOW) is not None
    assert events.record(second, target=run.target_id, run=run.pk, now=NOW) is None
    assert [event.kind for event in Event.objects.order_by("id")] == [first]


def test_what_happens_to_a_target_may_happen_again() -> None:
    target = a_target()
    for _ in range(2):
        events.record(EventKind.FRESHNESS_LATE, target=target.pk, now=NOW, max_age_seconds=3600)
    assert [event.data for event in Event.objects.order_by("id")] == [{"max_age_seconds": 3600}] * 2


def test_an_event_goes_when_its_change_is_taken_back() -> None:
    run = a_run()
    all_done(run)
    with transaction.atomic():
        rows.finish_if_done(run.pk, now=NOW)
        transaction.set_rollback(True)
    assert told(run) == []
    assert Run.objects.get(pk=run.pk).state == RunState.RUNNING
