"""What is said of the service's health, and to whom."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from crawler import queue
from crawler.models import Heartbeat, Host, Outage, Run, RunState
from crawler.queries import health as queries
from crawler.services import freshness, reconciling, targets, ticking
from crawler.services.lookout import lookout
from crawler.stores import outages
from tests.outages import read_only

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries, Settings

    from crawler.models import Target


def beat(kind: str, *, ago: int = 5) -> None:
    moment = timezone.now() - timedelta(seconds=ago)
    Heartbeat.objects.create(
        name=f"{kind}@here", kind=kind, node="here", pid=1, started_at=moment, seen_at=moment
    )


@pytest.fixture(autouse=True)
def _look_again() -> None:
    lookout.forget()
    outages.watch.forget()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that answers."""
    monkeypatch.setattr(queue, "trouble", lambda: "")


def parts(client: Client, status: int) -> dict[str, Any]:
    response = client.get("/readyz")
    assert response.status_code == status, response.content
    told: dict[str, Any] = response.json()["parts"]
    return told


def test_healthz_asks_nothing_of_other_parts(client: Client) -> None:
    answer = client.get("/healthz")  # pytest-django forbids a database here

    assert answer.json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_another_method_is_said_to_be_the_wrong_one(path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(path)

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"


@pytest.mark.django_db
def test_ready_when_every_part_is_there(client: Client, broker: None) -> None:
    beat("worker")
    beat("beat")

    assert parts(client, 200) == {
        "database": "ok",
        "broker": "ok",
        "worker": "ok",
        "beat": "ok",
        "crawling": "ok",
        "schedules": "ok",
    }


@pytest.mark.django_db
def test_schedules_are_red_while_processes_live_and_nobody_ticks(client: Client, broker: None) -> None:
    for kind in ("worker", "worker-control", "beat"):
        beat(kind)
    Heartbeat.objects.update(started_at=timezone.now() - timedelta(hours=1))
    reconciling.reconcile(now=timezone.now() - timedelta(seconds=290))
    ticking.tick(now=timezone.now() - timedelta(seconds=130))

    told = parts(client, 503)

    assert re.fullmatch(
        r"no schedule was looked at for 13\d s, although beat asks for it: see the log of worker-control",
        told.pop("schedules"),
    )
    assert set(told.values()) == {"ok"}
    ticking.tick(now=timezone.now())
    assert parts(client, 200)["schedules"] == "ok"


@pytest.mark.django_db
def test_metrics_tell_when_beats_work_was_last_done_to_15_s(client: Client, broker: None) -> None:
    now = timezone.now()
    for ago in (40, 30, 20):
        ticking.tick(now=now - timedelta(seconds=ago))

    lines = client.get("/metrics").content.decode().splitlines()

    (ran,) = [line for line in lines if line.startswith("trawl_last_ran_timestamp_seconds{")]
    assert ran.startswith('trawl_last_ran_timestamp_seconds{work="schedules.tick"} ')
    assert float(ran.split()[1]) == pytest.approx(now.timestamp() - 20, abs=1)


@pytest.mark.django_db
def test_beat_is_alive_when_its_tick_was_sent(client: Client, broker: None) -> None:
    beat("worker")
    PeriodicTask.objects.filter(name="tick").update(last_run_at=timezone.now())

    assert parts(client, 200)["beat"] == "ok"


@pytest.mark.django_db
@pytest.mark.parametrize("kinds", [{"worker": 90, "beat": 1}, {"worker-jobs": 1, "beat": 1}])
def test_a_worker_that_was_not_heard_of_is_missing(
    client: Client, broker: None, kinds: dict[str, int]
) -> None:
    for kind, ago in kinds.items():
        beat(kind, ago=ago)

    told = parts(client, 503)
    assert "no worker" in told["worker"]
    assert told["beat"] == "ok"


@pytest.mark.django_db
def test_a_broker_that_is_away_is_missing(client: Client) -> None:
    assert parts(client, 503)["broker"] == "does not answer"


@pytest.mark.django_db
def test_a_database_that_is_away_is_missing(
    client: Client, broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_now: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(queries, "workers_alive", lost)

    assert parts(client, 503)["database"] == "the database does not answer"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_cannot_be_written_is_named_with_the_reason(client: Client, broker: None) -> None:
    beat("worker")
    beat("beat")

    with read_only():
        told = parts(client, 503)
        metrics = client.get("/metrics").content.decode()

    assert told["database"].startswith("the database is read-only since 20")
    assert told["worker"] == "ok"
    assert 'trawl_ready{part="database"} 0.0' in metrics
    lookout.forget()
    assert parts(client, 200)["database"] == "ok"
    assert Outage.objects.get().kind == "read_only"


@pytest.mark.django_db
def test_a_disk_with_room_for_small_changes_only_is_named(client: Client, broker: None) -> None:
    Outage.objects.create(kind="disk_full", began_at=datetime(2026, 3, 2, 10, tzinfo=UTC))

    told = parts(client, 503)["database"]

    assert told == "the database's disk is full since 2026-03-02 10:00:00 UTC"


@pytest.mark.django_db
def test_metrics_tell_of_the_whole_installation(
    client: Client, target: Target, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Run.objects.create(target=target, state=RunState.RUNNING, done=3, pages=3, items=7, bytes=100)
    Host.objects.create(
        origin="https://a.test", due_at=timezone.now() - timedelta(seconds=30), top_priority=9
    )
    Host.objects.create(origin="https://b.test", due_at=timezone.now() + timedelta(seconds=30))
    beat("worker")

    with django_assert_max_num_queries(29):
        lines = client.get("/metrics").content.decode().splitlines()

    assert {
        'trawl_runs{state="running"} 1.0',
        'trawl_requests_settled_total{state="done"} 3.0',
        "trawl_items_total 7.0",
        'trawl_hosts_due{lane="urgent"} 1.0',
        'trawl_hosts_due{lane="default"} 0.0',
        'trawl_workers{kind="worker"} 1.0',
    } <= set(lines)
    (oldest,) = [line for line in lines if line.startswith("trawl_oldest_due_seconds ")]
    assert 30 <= float(oldest.split()[1]) < 40


@pytest.mark.django_db
def test_metrics_tell_of_promises_that_were_kept_and_broken(
    client: Client, person: User, target: Target
) -> None:
    now = timezone.now()
    for minutes in (10, 20, 90):
        data = {"name": "Shop", "start_urls": ["https://shop.test/"], "max_age_seconds": 3600}
        targets.create(owner=person, data=data, now=now - timedelta(minutes=minutes))
    freshness.watch(now=now)
    for met in (True, True, False, None):
        Run.objects.create(target=target, deadline_at=now, deadline_met=met)

    lines = client.get("/metrics").content.decode().splitlines()

    assert {
        'trawl_targets_freshness{state="awaited"} 2.0',
        'trawl_targets_freshness{state="late"} 1.0',
        'trawl_targets_freshness{state="fresh"} 0.0',
        'trawl_deadlines_total{outcome="met"} 2.0',
        'trawl_deadlines_total{outcome="missed"} 1.0',
    } <= set(lines)
    (late,) = [line for line in lines if line.startswith("trawl_data_late_seconds ")]
    assert 30 * 60 <= float(late.split()[1]) < 60 * 60


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.9", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "198.51.100.7"}, 401),
        ("10.0.0.9", {"Authorization": "Bearer hush"}, 200),
        ("127.0.0.1", {"Authorization": "Bearer wrong"}, 401),
    ],
)
def test_metrics_are_for_this_machine_and_who_has_the_token(
    client: Client, settings: Settings, address: str, headers: dict[str, str], status: int
) -> None:
    settings.METRICS_TOKEN = "hush"

    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


def test_metrics_are_for_signed_in_people(client: Client, person: Any) -> None:
    client.force_login(person)

    assert client.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 200
