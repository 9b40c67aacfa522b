"""Processes that say that they are alive."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from crawler.models import Heartbeat
from crawler.services import heartbeats
from crawler.services.heartbeats import Pulse
from tests.waiting import until
from webui import celery

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, nobody goes without taking leave."""
    monkeypatch.setattr(heartbeats, "LEAVE_WITHIN", timedelta(minutes=2))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("worker@here", "worker"),
        ("worker-urgent.2f1c@here", "worker-urgent"),
        ("beat.71@here.example", "beat"),
    ],
)
def test_kind_of_a_process_is_told_by_its_name(name: str, kind: str) -> None:
    assert heartbeats.kind_of(name) == kind


def test_each_beat_of_a_machine_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    monkeypatch.setattr(celery, "_begin", named.append)
    monkeypatch.setattr(celery, "wait_briefly", lambda _app, **_limits: None)
    monkeypatch.setattr("atexit.register", lambda _end: None)
    for number in (71, 72):
        monkeypatch.setattr(os, "getpid", lambda number=number: number)
        celery.begin_beat()

    assert len(set(named)) == 2
    assert {heartbeats.kind_of(name) for name in named} == {"beat"}


@pytest.mark.django_db
def test_a_beat_keeps_when_the_process_started() -> None:
    heartbeats.beat(name="worker@here", kind="worker", now=NOW)
    heartbeats.beat(name="worker@here", kind="worker", now=NOW + timedelta(seconds=10))

    row = Heartbeat.objects.get()
    assert (row.started_at, row.seen_at) == (NOW, NOW + timedelta(seconds=10))
    assert (row.kind, row.pid) == ("worker", os.getpid())


@pytest.mark.django_db(transaction=True)
def test_pulse_beats_at_once_and_takes_leave() -> None:
    before = timezone.now()
    pulse = Pulse(name="worker-jobs.1@here")
    pulse.start()
    until(Heartbeat.objects.exists)

    row = Heartbeat.objects.get()
    assert (row.name, row.kind) == ("worker-jobs.1@here", "worker-jobs")
    assert row.seen_at >= before
    pulse.stop()
    assert not Heartbeat.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_pulse_survives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[str] = []

    def beat(*, name: str, kind: str, now: datetime) -> None:
        beats.append(name)
        if len(beats) < 3:
            raise OperationalError("gone")

    monkeypatch.setattr(heartbeats, "beat", beat)
    monkeypatch.setattr(heartbeats, "EVERY", timedelta(milliseconds=1))
    pulse = Pulse(name="worker@here")
    pulse.start()

    until(lambda: len(beats) > 3)
    pulse.stop()
    assert not pulse._thread.is_alive()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_process_forks_only_between_two_beats() -> None:
    forked = threading.Event()

    def fork() -> None:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        forked.set()

    pulse = Pulse(name="worker@here")
    with pulse._beating:
        threading.Thread(target=fork).start()
        assert not forked.wait(0.1)
    assert forked.wait(60)
