"""What is more urgent is worked on first, on every kind of broker."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crawler import queue
from crawler.queue import Lane
from tests.integration.celery import probe
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fleet import Fleet

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(params=["fleet", "rabbit_fleet"], ids=["valkey", "rabbitmq"])
def any_fleet(request: pytest.FixtureRequest) -> Fleet:
    found: Fleet = request.getfixturevalue(request.param)
    return found


def test_messages_are_worked_on_in_order_of_urgency(any_fleet: Fleet, tmp_path: Path) -> None:
    for lane, count in ((Lane.BULK, 30), (Lane.DEFAULT, 5), (Lane.URGENT, 3)):
        for _ in range(count):
            queue.send_slice(lane)
    notes = tmp_path / "notes"
    notes.touch()

    any_fleet.start("worker", "-I", "tests.integration.celery.probe", variables={probe.NOTES: str(notes)})

    until(lambda: len(notes.read_text().split()) >= 38, within_seconds=200, what="all messages")
    assert notes.read_text().split() == ["urgent"] * 3 + ["default"] * 5 + ["bulk"] * 30


def test_the_urgent_worker_gets_urgent_messages_and_no_others(any_fleet: Fleet, tmp_path: Path) -> None:
    for lane in (Lane.BULK, Lane.DEFAULT, Lane.URGENT, Lane.URGENT):
        queue.send_slice(lane)
    notes = tmp_path / "notes"
    notes.touch()

    any_fleet.start(
        "worker-urgent", "-I", "tests.integration.celery.probe", variables={probe.NOTES: str(notes)}
    )
    until(lambda: len(notes.read_text().split()) >= 2, within_seconds=200, what="the urgent messages")
    queue.send_slice(Lane.URGENT)

    until(lambda: len(notes.read_text().split()) >= 3, within_seconds=200, what="one more")
    assert notes.read_text().split() == ["urgent"] * 3


def test_messages_that_nobody_took_in_time_are_thrown_away(
    any_fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as hasty:
        hasty.setattr(queue.sending, "TAKEN_WITHIN", timedelta(milliseconds=50))
        for _ in range(20):
            queue.send_slice(Lane.URGENT)
    queue.send_slice(Lane.BULK)
    notes = tmp_path / "notes"
    notes.touch()

    any_fleet.start("worker", "-I", "tests.integration.celery.probe", variables={probe.NOTES: str(notes)})

    until(notes.read_text, within_seconds=200, what="the message that was sent last")
    assert notes.read_text().split() == ["bulk"]
