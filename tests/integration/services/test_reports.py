"""What is said of a run when it has ended."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.engine.work import Ended, Ending
from crawler.models import OutboxMessage
from crawler.services import reports
from tests.crawling import a_run, again
from tests.fakes.clock import FakeClock
from tests.integration.stores.hands import Hands, fresh, visited

pytestmark = pytest.mark.django_db
A = "http://a.test"


def items(*keys: str) -> list[dict[str, Any]]:
    return [{"key": key} for key in keys]


def test_report_tells_how_long_it_took_and_why_pages_are_missing(clock: FakeClock) -> None:
    run = a_run(*(f"{A}/{n}" for n in range(5)))
    hands = Hands(clock)
    claims = list(hands.claims().values())
    clock.advance(90)
    hands.release_all(
        visited(claims[0], items=items("a", "b")),
        *(Ended(claim=claim, state=Ending.FAILED, reason="status-404") for claim in claims[1:3]),
        *(
            Ended(claim=claim, state=Ending.SKIPPED, reason=f"robots: line {claim.id}")
            for claim in claims[3:]
        ),
    )

    said = reports.report(run=fresh(run))

    assert said["data"]["items"] == 2
    assert {name: said[name] for name in ("seconds", "reasons", "previous")} == {
        "seconds": 90.0, "reasons": {"status-404": 2, "robots": 2}, "previous": None
    }  # fmt: skip
    assert fresh(run).report == said
    assert reports.report(run=fresh(run)) == said


def test_report_compares_with_the_last_finished_run(clock: FakeClock) -> None:
    first = a_run(f"{A}/")
    hands = Hands(clock)
    hands.release_all(visited(hands.claims()[f"{A}/"], items=items("a", "b", "c")))
    second = again(first)
    hands.release_all(visited(hands.claims()[f"{A}/"], items=items("b", "d")))

    said = reports.report(run=fresh(second))

    assert said["previous"] == {"run": first.pk, "pages": 1, "items": 3, "items_missing": 2}


def test_report_does_not_undo_what_happened_to_the_run_meanwhile(clock: FakeClock) -> None:
    run = a_run(f"{A}/")
    old = fresh(run)
    type(run).objects.filter(pk=run.pk).update(stale=7)

    reports.report(run=old)

    assert fresh(run).stale == 7


def test_report_whose_message_was_lost_is_asked_for_again(clock: FakeClock) -> None:
    run = a_run(f"{A}/1")
    hands = Hands(clock)
    hands.release_all(*(visited(claim) for claim in hands.claims().values()))
    message = OutboxMessage.objects.filter(kwargs__run=run.pk)
    message.update(published_at=clock.now())
    clock.advance(59)
    assert reports.ask_again(now=clock.now()) == 0
    clock.advance(2)
    assert reports.ask_again(now=clock.now()) == 1
    assert message.get().published_at is None

    message.update(published_at=clock.now())
    reports.report(run=fresh(run))
    clock.advance(61)
    assert reports.ask_again(now=clock.now()) == 0
