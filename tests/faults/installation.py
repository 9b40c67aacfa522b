"""An installation that is to be hurt: a broker, workers and beat as process groups."""

from __future__ import annotations

import http.client
import json
import os
import signal
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from crawler.models import Heartbeat, Run, RunTrigger, Slice, Target
from crawler.queue import Work
from crawler.services import runs
from tests.faults.crawl import Crawl
from tests.fleet import Fleet
from tests.waiting import until
from webui.accounts.models import ApiToken
from webui.processes.addresses import free_port

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.faults.brokers import Broker
    from tests.faults.scale import Scale
    from tests.fleet import CeleryProcess
    from tests.site.linked import LinkedSite

WORKERS = 2
STARTS_WITHIN_SECONDS = 150
OTHERS = ("worker-control", "beat")


class Installation:
    """What `./run up` starts, process by process; whoever kills one starts it again, as a supervisor does.

    `worker` is the group that crawls: a parent and its pool of two. `app` is the module of the Celery
    application that the processes run.
    """

    def __init__(self, *, scale: Scale, broker: Broker, folder: Path) -> None:
        self.scale = scale
        self.broker = broker
        self.fleet = Fleet(
            broker_url=broker.url, folder=folder, variables={**scale.environment, **broker.variables}
        )
        self.worker: CeleryProcess
        self.app = "webui"

    def start(self, *others: str) -> None:
        """Start the crawling worker, control, beat and `others`, and wait until they are ready."""
        for work in (Work.TICK, Work.DELIVER):
            set_beat(work, self.scale.tick_seconds)
        set_beat(Work.RECONCILE, self.scale.reconcile_seconds)
        names = (*OTHERS, *others)
        self.start_worker()
        for name in names:
            self.fleet.start(name, app=self.app)
        wanted = {"worker", *names}
        until(lambda: wanted <= _alive(), within_seconds=STARTS_WITHIN_SECONDS, what=f"{wanted} to be ready")

    def start_worker(self) -> None:
        self.worker = self.fleet.start("worker", workers=WORKERS, app=self.app)

    def start_with_web(self, *others: str) -> Api:
        """Start the web process beside all the others, and return its API as an administrator sees it."""
        port = free_port()
        self.fleet.start("web", port=port)
        self.start(*others)
        person = User.objects.create_superuser("ada")
        _row, token = ApiToken.issue(user_id=person.pk, scopes=["read", "write"])
        api = Api(port=port, token=token)
        until(api.answers, within_seconds=STARTS_WITHIN_SECONDS, what="the web process")
        return api

    def crawl(self, site: LinkedSite, *, seconds: float, **columns: Any) -> Crawl:
        """Start a run of the whole site that takes at least about `seconds` when nothing disturbs it."""
        values: dict[str, Any] = {
            "name": "The linked site",
            "start_urls": site.starts,
            "delay_seconds": self.scale.delay_for(seconds),
            "connections": 1,
        }
        target = Target.objects.create(**values | columns)
        return Crawl(site=site, run=self.run(target))

    def run(self, target: Target) -> Run:
        return runs.start(target=target, trigger=RunTrigger.MANUAL, now=timezone.now())

    def kill_worker(self) -> None:
        """SIGKILL the whole group of the crawling worker."""
        self.worker.signal_all(signal.SIGKILL)
        self.worker.ended_within(60)

    def kill_child(self, crawl: Crawl, chance: Random) -> int:
        """SIGKILL one process of the pool that crawls; return how many pages were in flight with it.

        The group is frozen while that is counted.
        """
        while True:
            until(self.crawling, within_seconds=90, what="a process that crawls")
            self.worker.signal_all(signal.SIGSTOP)
            try:
                if pids := self.crawling():
                    pid = chance.choice(pids)
                    in_flight = crawl.note_lost([pid])
                    os.kill(pid, signal.SIGKILL)
                    return in_flight
            finally:
                self.worker.signal_all(signal.SIGCONT)

    def crawling(self) -> list[int]:
        """Return the processes of the pool that are doing a slice."""
        owners = Slice.objects.values_list("owner", flat=True)
        pids = {int(owner.split("/")[1].partition(":")[0]) for owner in owners}
        return sorted(pids & set(self.worker.children))

    def end(self) -> None:
        self.fleet.end()


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API of a web process that runs."""

    port: int
    token: str

    def post(self, path: str) -> tuple[int, Any]:
        """Return the status of the answer and what it says."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        with closing(asking):
            asking.request("POST", f"/api/v1{path}", headers={"Authorization": f"Bearer {self.token}"})
            answer = asking.getresponse()
            return answer.status, json.loads(answer.read() or b"null")

    def get(self, path: str) -> tuple[int, Any]:
        """Return the status of a page of the site and what it says, which is JSON."""
        status, text = self._page(path)
        return status, json.loads(text)

    def text(self, path: str) -> str:
        """Return what a page of the site says."""
        return self._page(path)[1]

    def _page(self, path: str) -> tuple[int, str]:
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        with closing(asking):
            asking.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            answer = asking.getresponse()
            return answer.status, answer.read().decode()

    def answers(self) -> bool:
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(asking), suppress(OSError):
            asking.request("GET", "/healthz")
            return asking.getresponse().status == 200
        return False


def _alive() -> set[str]:
    return set(Heartbeat.objects.values_list("kind", flat=True))


def set_beat(work: Work, seconds: float) -> None:
    """Have beat send a kind of work every `seconds`."""
    every, _ = IntervalSchedule.objects.get_or_create(
        every=int(seconds * 1_000_000), period=IntervalSchedule.MICROSECONDS
    )
    entries = PeriodicTask.objects.filter(task=work.value)
    entries.update(interval=every, expire_seconds=max(int(seconds), 1))
    PeriodicTasks.update_changed()
