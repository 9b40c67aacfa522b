"""What a broker may do to a run: be emptied, be away, be any of those that are served."""

from __future__ import annotations

import signal
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.cache.backends.db import DatabaseCache
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from crawler import queue
from crawler.models import Heartbeat, LaneState, Run, RunState, Slice
from crawler.queries import rates
from crawler.services import bells
from crawler.services.lookout import lookout
from tests.crawling import a_run, a_target
from tests.faults.installation import Api
from tests.freezing import froze
from tests.integration.celery import probe
from tests.law import assert_conserved
from tests.rabbitmq import Node
from tests.waiting import until
from webui.accounts.models import ApiToken
from webui.celery import app, wait_briefly
from webui.processes.addresses import free_port
from webui.processes.management.commands import up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import redis

    from tests.fleet import CeleryProcess, Fleet
    from tests.site.server import HostileSite

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]
ANSWERED_WITHIN_SECONDS = 2.0
TRIES = 3


class Emptied:
    """A broker that can be emptied, and the fleet on it."""

    def __init__(self, fleet: Fleet, broker: redis.Redis | Node) -> None:
        self.fleet = fleet
        self._broker = broker

    def waiting(self) -> int:
        """Return how many messages for the default lane wait."""
        match self._broker:
            case Node():
                return self._broker.waiting(queue.LANES)
            case _:
                return int(self._broker.llen("default:5") or self._broker.llen("default:4"))

    def empty(self) -> None:
        match self._broker:
            case Node():
                self._broker.empty()
            case _:
                self._broker.flushall()


@pytest.fixture(params=[("fleet", "broker"), ("rabbit_fleet", "rabbit")], ids=["valkey", "rabbitmq"])
def emptied(request: pytest.FixtureRequest) -> Emptied:
    fleet, broker = request.param
    return Emptied(request.getfixturevalue(fleet), request.getfixturevalue(broker))


def is_final(run: Run) -> bool:
    run.refresh_from_db()
    return run.is_final


def frozen_in_a_slice(worker: CeleryProcess) -> None:
    """Freeze it while a slice of it runs.

    A worker takes one message at a time. So what this slice will ring for stays in the broker, while the
    ring of one that had ended before may be with the frozen process already, and nowhere to be emptied.
    """
    until(lambda: froze(worker, where=Slice.objects.exists), within_seconds=200, what="a slice")


def test_a_run_survives_an_emptied_broker(emptied: Emptied, pages: HostileSite) -> None:
    every_second = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(name="reconcile").update(interval=every_second)
    worker = emptied.fleet.start("worker", variables={"SLICE_SECONDS": "1"})
    run = a_run(pages.url("/start"), delay_seconds=0.05, obey_robots=True, connections=1)
    until(lambda: Run.objects.filter(pk=run.pk, done__gte=10), within_seconds=200, what="the first pages")

    frozen_in_a_slice(worker)
    until(lambda: not Slice.objects.exists(), within_seconds=200, what="the end of the slice")
    until(emptied.waiting, within_seconds=200, what="its ring")
    emptied.empty()
    worker.signal(signal.SIGCONT)
    assert not is_final(run)
    LaneState.objects.update(rung_at=timezone.now() - timedelta(seconds=16))
    emptied.fleet.start("worker-control")
    emptied.fleet.start("beat")

    until(lambda: is_final(run), within_seconds=200, what="the run")
    assert (run.state, run.done) == (RunState.FINISHED, 101)
    assert set(Counter(request.path for request in pages.requests).values()) == {1}
    assert_conserved(run)
    everybody = {"worker", "worker-control", "beat"}
    until(lambda: set(Heartbeat.objects.values_list("kind", flat=True)) == everybody, what="every heartbeat")


@contextmanager
def asking_as_the_site_does() -> Iterator[None]:
    names = ("broker_transport_options", "broker_connection_timeout")
    before = {name: app.conf[name] for name in names}
    wait_briefly(app)
    yield
    app.conf.update(before)


def ring_seconds() -> tuple[bool, float]:
    began = time.monotonic()
    LaneState.objects.update(rung_at=None)
    rung = bells.ring(queue.Lane.DEFAULT, now=timezone.now())
    return rung, time.monotonic() - began


def assert_soon_refused() -> None:
    """Assert that a broker that takes nothing is given up in time, of a few tries the quickest: others
    may have had the processor meanwhile.
    """
    took = []
    for _ in range(TRIES):
        rung, seconds = ring_seconds()
        took.append(seconds)
        assert not rung
        assert LaneState.objects.get(name="default").rung_at is None, "the reconciler may ask again"
    assert min(took) < ANSWERED_WITHIN_SECONDS
    assert max(took) < TRIES * ANSWERED_WITHIN_SECONDS


def test_asking_waits_for_no_rabbitmq_that_is_silent_or_away_and_outlives_its_restart(
    db: None, rabbit: Node
) -> None:
    with asking_as_the_site_does():
        assert ring_seconds()[0]
        rabbit.freeze()
        try:
            assert_soon_refused()
        finally:
            rabbit.thaw()
        until(lambda: ring_seconds()[0], within_seconds=200, what="the broker")
        with app.producer_pool.acquire(block=True) as kept:  # those that are refused have other connections
            dropped: Any = kept.connection
            at_first = dropped.connection
            rabbit.kill()
            assert_soon_refused()
            rabbit.start()
            assert dropped.connection is at_first, "nobody has noticed yet"
        assert ring_seconds()[0], "a connection that was dropped costs no message"
        assert dropped.connection is not at_first


def test_a_run_starts_although_rabbitmq_has_the_queue_otherwise_and_health_tells_its_words(
    rabbit: Node,
) -> None:
    rabbit.have_otherwise(queue.LANES)
    lookout.forget()

    with asking_as_the_site_does():
        run = a_run("http://site.test/")
        status, parts = readyz()

        assert (run.state, LaneState.objects.get(name="default").rung_at) == (RunState.QUEUED, None)
        assert status == 503
        assert "PRECONDITION_FAILED - inequivalent arg 'x-max-priority' for queue 'lanes'" in parts["broker"]
        rabbit.empty()
        lookout.forget()
        assert ring_seconds()[0], "the reconciler's ring is taken once the queue is as it should be"
        assert rabbit.waiting(queue.LANES) == 1
        assert readyz()[1]["broker"] == "ok"


def readyz() -> tuple[int, dict[str, str]]:
    response = Client().get("/readyz")
    return response.status_code, response.json()["parts"]


def a_noting_worker(fleet: Fleet, notes: Path) -> CeleryProcess:
    """Start a worker that notes its messages in place of crawling."""
    notes.touch()
    variables = {probe.NOTES: str(notes)}
    return fleet.start("worker", "-I", "tests.integration.celery.probe", variables=variables)


def until_given(rabbit: Node, worker: CeleryProcess, *, consumers: int = 1) -> None:
    """Wait until `worker` is the last of so many to be given messages by RabbitMQ."""

    def is_so() -> bool:
        assert not worker.has_ended
        return rabbit.consumers(queue.LANES) == consumers

    until(is_so, within_seconds=200, what="a consumer")


def test_a_worker_whose_queue_rabbitmq_deletes_at_any_moment_is_given_messages_again(
    rabbit_fleet: Fleet, rabbit: Node, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    worker = a_noting_worker(rabbit_fleet, notes)
    for _ in range(5):
        until_given(rabbit, worker)
        rabbit.empty()  # before Celery listens, which it does after it has its consumer

    until_given(rabbit, worker)
    queue.send_slice(queue.Lane.DEFAULT)
    until(notes.read_text, within_seconds=200, what="the message")
    until(lambda: app.control.ping(timeout=1, limit=1), within_seconds=200, what="what Flower asks for")


def test_a_worker_is_replaced_while_rabbitmq_still_has_its_connection(
    rabbit_fleet: Fleet, rabbit: Node, tmp_path: Path
) -> None:
    vanished = a_noting_worker(rabbit_fleet, tmp_path / "first")
    queue.send_slice(queue.Lane.DEFAULT)
    until((tmp_path / "first").read_text, within_seconds=200, what="a worker that has begun")
    until(lambda: froze(vanished), within_seconds=200, what="a moment without the lock")

    worker = a_noting_worker(rabbit_fleet, tmp_path / "second")
    until_given(rabbit, worker, consumers=2)
    for _ in range(2):  # one of them may be given to the frozen one
        queue.send_slice(queue.Lane.DEFAULT)
    until((tmp_path / "second").read_text, within_seconds=200, what="a message")


def test_site_and_worker_on_rabbitmq_need_no_redis(rabbit_fleet: Fleet, pages: HostileSite) -> None:
    port = free_port()
    rabbit_fleet.start("web", port=port)
    rabbit_fleet.start("worker")
    person = User.objects.create_superuser("ada")
    _row, token = ApiToken.issue(user_id=person.pk, scopes=["read", "write"])
    api = Api(port=port, token=token)
    until(api.answers, within_seconds=200, what="the site")
    target = a_target(pages.url("/start"), delay_seconds=0.02, obey_robots=True)

    status, asked = api.post(f"/targets/{target.pk}/runs")

    assert status == 202, asked
    run = Run.objects.get(pk=asked["id"])
    until(lambda: is_final(run), within_seconds=200, what="the run")
    assert (run.state, run.done) == (RunState.FINISHED, 101)
    assert api.get("/readyz")[1]["parts"]["broker"] == "ok"


def test_up_brings_no_broker_of_its_own_where_rabbitmq_is_given(
    rabbit: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("CELERY_BROKER_URL", rabbit.url)

    assert up._broker(tmp_path / "broker") == (None, {})
    assert not (tmp_path / "broker").exists()


def test_processes_without_redis_share_what_they_tell_each_other(db: None) -> None:
    one, other = (DatabaseCache("trawl_cache", {}) for _ in range(2))
    one.set(rates.ALL_RUNS, [1, 2])
    assert other.get(rates.ALL_RUNS) == [1, 2]
