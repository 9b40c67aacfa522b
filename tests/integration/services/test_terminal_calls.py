"""A terminal asks workers to take what it leaves."""

from __future__ import annotations

import pytest
from django.utils import timezone

from crawler.models import Heartbeat
from crawler.queue import Lane
from crawler.services.terminal.attending import call_workers
from tests.crawling import a_run

pytestmark = pytest.mark.django_db


def test_lanes_with_due_work_are_rung_where_workers_live(rung: list[Lane]) -> None:
    now = timezone.now()
    a_run("http://a.test/", priority=1)
    Heartbeat.objects.create(name="worker@n", kind="worker", node="n", pid=1, started_at=now, seen_at=now)

    call_workers()

    assert rung == [Lane.BULK]


def test_nobody_is_called_where_no_worker_lives(rung: list[Lane]) -> None:
    a_run("http://a.test/")

    call_workers()

    assert rung == []
