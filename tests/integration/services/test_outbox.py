"""Messages that must not be lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from crawler import queue
from crawler.models import OutboxMessage
from crawler.queue import Work
from crawler.services import outbox

pytestmark = pytest.mark.django_db
NOW = timezone.now()


class Broker:
    """Takes messages while it is there."""

    def __init__(self) -> None:
        self.sent: list[tuple[Work, dict[str, Any]]] = []
        self.is_there = True

    def send(self, work: Work, *, task_id: str | None = None, **kwargs: Any) -> None:
        if not self.is_there:
            raise OperationalError("nobody there")
        self.sent.append((work, kwargs | ({"task_id": task_id} if task_id else {})))


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(queue, "send", broker.send)
    return broker


def unpublished() -> int:
    return OutboxMessage.objects.filter(published_at=None).count()


def test_message_is_sent_once_its_transaction_is_committed(
    broker: Broker, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        outbox.post(Work.SETTLE_RUN, now=NOW, run=7)
        assert broker.sent == []

    assert broker.sent == [(Work.SETTLE_RUN, {"run": 7})]
    assert unpublished() == 0


def test_message_of_a_transaction_that_fails_is_never_sent(broker: Broker) -> None:
    with transaction.atomic():
        outbox.post(Work.SETTLE_RUN, now=NOW, run=7)
        transaction.set_rollback(True)

    assert outbox.publish_waiting(now=NOW + timedelta(minutes=1)) == 0
    assert broker.sent == []


def test_what_the_broker_did_not_take_is_sent_later_with_its_name(broker: Broker) -> None:
    broker.is_there = False
    outbox.post(Work.PREVIEW, now=NOW, task_id="abc", draft="x")
    later = NOW + timedelta(seconds=6)
    assert outbox.publish_waiting(now=later) == 0
    assert unpublished() == 1
    broker.is_there = True

    assert outbox.publish_waiting(now=later) == 1
    assert outbox.publish_waiting(now=later) == 0

    assert broker.sent == [(Work.PREVIEW, {"draft": "x", "task_id": "abc"})]


def test_young_message_is_left_to_who_wrote_it(broker: Broker) -> None:
    outbox.post(Work.SETTLE_RUN, now=NOW, run=7)

    assert outbox.publish_waiting(now=NOW + timedelta(seconds=4)) == 0
    assert outbox.publish_waiting(now=NOW + timedelta(seconds=4), grace=timedelta()) == 1


def test_work_of_another_version_keeps_nobody_waiting(broker: Broker) -> None:
    OutboxMessage.objects.create(work="runs.dance", created_at=NOW)
    outbox.post(Work.SETTLE_RUN, now=NOW, run=7)

    outbox.publish_waiting(now=NOW + timedelta(minutes=1))

    assert broker.sent == [(Work.SETTLE_RUN, {"run": 7})]


def test_sent_messages_are_forgotten_after_a_day_and_others_never(broker: Broker) -> None:
    outbox.post(Work.SETTLE_RUN, now=NOW, run=1)
    outbox.publish_waiting(now=NOW + timedelta(minutes=1))
    outbox.post(Work.SETTLE_RUN, now=NOW, run=2)

    assert outbox.forget(now=NOW + timedelta(hours=23)) == 0
    assert outbox.forget(now=NOW + timedelta(hours=25)) == 1
    assert unpublished() == 1
