"""Why requests of a run were not done: what is counted, and that it stays cheap among many requests."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crawler.models import Backlog, Host, Request, RequestState, Run, RunState, Target
from crawler.queries import runs
from crawler.queries.runs import Reason

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    target = Target.objects.create(name="Kontor", start_urls=[])
    return Run.objects.create(target=target, state=RunState.RUNNING)


def lose(run: Run, state: RequestState, many: int, reason: str = "") -> None:
    host, _ = Host.objects.get_or_create(origin="http://a.test")
    backlog, _ = Backlog.objects.get_or_create(run=run, host=host)
    first = Request.objects.count()
    Request.objects.bulk_create(
        Request(
            run=run,
            host=host,
            backlog=backlog,
            key=f"{number:016}".encode(),
            url=f"http://a.test/{number}",
            state=state,
            reason=reason,
        )
        for number in range(first, first + many)
    )
    setattr(run, state.label, getattr(run, state.label) + many)
    run.save()


def test_reasons_are_those_of_the_run_alone_most_frequent_first(run: Run) -> None:
    other = Run.objects.create(target=run.target)
    lose(other, RequestState.FAILED, 4, "status-500")
    lose(run, RequestState.FAILED, 1, "status-404")
    lose(run, RequestState.SKIPPED, 3, "robots_denied")
    lose(run, RequestState.DEAD, 2)
    lose(run, RequestState.DONE, 5)

    assert runs.reasons(run) == (
        Reason(state="skipped", reason="robots_denied", count=3),
        Reason(state="dead", reason="unknown", count=2),
        Reason(state="failed", reason="status-404", count=1),
    )


def test_later_requests_of_other_states_do_not_hide_a_failure(run: Run, monkeypatch: Any) -> None:
    monkeypatch.setattr(runs, "MOST_REASONS_READ", 3)
    lose(run, RequestState.FAILED, 1, "status-404")
    lose(run, RequestState.DONE, 5)
    lose(run, RequestState.SKIPPED, 5, "robots_denied")

    assert [(reason.state, reason.count) for reason in runs.reasons(run)] == [("skipped", 3), ("failed", 1)]


@pytest.mark.parametrize("state", runs.LOST_STATES)
def test_reasons_are_found_by_index_whatever_else_is_in_the_table(run: Run, state: RequestState) -> None:
    lose(run, RequestState.DONE, 300)
    lose(run, state, 10, "status-404")

    plan = _plan(runs.reasons_of(run, state))

    assert "request_by_state" in plan
    assert not [
        word for word in ("CORRELATED", "SCAN crawler_request", "Seq Scan", "SubPlan") if word in plan
    ]


def test_troubles_and_lists_of_a_state_are_found_by_index(run: Run) -> None:
    lose(run, RequestState.DONE, 300)
    lose(run, RequestState.FAILED, 10, "status-404")
    found = Request.objects.filter(run=run, state=RequestState.FAILED)

    assert "request_by_state" in _plan(found.order_by("id"))


def _plan(found: Any) -> str:
    if connection.vendor == "postgresql":  # whose tables here are too small for an index to pay
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute("ANALYZE crawler_request")  # else it plans by what tests before left there
    return str(found.explain())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by how many rows there are")
def test_leased_requests_of_a_run_are_counted_by_index(run: Run) -> None:
    lose(run, RequestState.FAILED, 3)
    Request.objects.filter(run=run).update(state=RequestState.LEASED)
    run.discovered, run.failed = 3, 0

    with CaptureQueriesContext(connection) as queries:
        assert runs.counts(run).leased == 3

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        (step,) = [row[3] for row in cursor.fetchall()]
    assert "COVERING INDEX request_by_state (run_id=? AND state=?)" in step
