"""An installation that is to be hurt: a broker, workers and beat as process groups."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from crawler.models import Heartbeat, Run, RunTrigger, Slice, Target
from crawler.queue import Work
from crawler.services import runs
from tests.faults.crawl import Crawl
from tests.fleet import Fleet
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.faults.brokers import Broker
    from tests.faults.scale import Scale
    from tests.fleet import CeleryProcess
    from tests.site.linked import LinkedSite

WORKERS = 2
STARTS_WITHIN_SECONDS = 60
OTHERS = ("worker-control", "worker-jobs", "beat")


class Installation:
    """What `./run up` starts, process by process; whoever kills one starts it again, as a supervisor does.

    `worker` is the group that crawls: a parent and its pool of two.
    """

    def __init__(self, *, scale: Scale, broker: Broker, folder: Path) -> None:
        self.scale = scale
        self.broker = broker
        self.fleet = Fleet(
            broker_url=broker.url, folder=folder, variables={**scale.environment, **broker.variables}
        )
        self.worker: CeleryProcess

    def start(self, *others: str, options: tuple[str, ...] = ()) -> None:
        """Start the crawling worker and, unless others are named, control, jobs and beat; they are ready."""
        _set_beat(Work.TICK, self.scale.tick_seconds)
        _set_beat(Work.DELIVER, self.scale.tick_seconds)
        _set_beat(Work.RECONCILE, self.scale.reconcile_seconds)
        self.start_worker(*options)
        for name in others or OTHERS:
            self.fleet.start(name, *options)
        wanted = {"worker", *(others or OTHERS)}
        until(lambda: wanted <= _alive(), within_seconds=STARTS_WITHIN_SECONDS, what=f"{wanted} to be ready")

    def start_worker(self, *options: str) -> None:
        self.worker = self.fleet.start("worker", *options, workers=WORKERS)

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
        self.worker.ended_within(10)

    def kill_child(self, crawl: Crawl, chance: Random) -> int:
        """SIGKILL one process of the pool that crawls; return how many pages were in flight with it.

        The group is frozen while that is counted.
        """
        until(self._crawling, within_seconds=30, what="a process that crawls")
        self.worker.signal_all(signal.SIGSTOP)
        try:
            pids = self._crawling()
            if not pids:
                return 0
            pid = chance.choice(pids)
            in_flight = crawl.note_lost([pid])
            os.kill(pid, signal.SIGKILL)
        finally:
            self.worker.signal_all(signal.SIGCONT)
        return in_flight

    def _crawling(self) -> list[int]:
        """Return the processes of the pool that are doing a slice."""
        owners = Slice.objects.values_list("owner", flat=True)
        pids = {int(owner.split("/")[1].partition(":")[0]) for owner in owners}
        return sorted(pids & set(self.worker.children))

    def end(self) -> None:
        self.fleet.end()


def _alive() -> set[str]:
    return set(Heartbeat.objects.values_list("kind", flat=True))


def _set_beat(work: Work, seconds: float) -> None:
    """Have beat send a kind of work every `seconds`."""
    every, _ = IntervalSchedule.objects.get_or_create(
        every=int(seconds * 1_000_000), period=IntervalSchedule.MICROSECONDS
    )
    entries = PeriodicTask.objects.filter(task=work.value)
    entries.update(interval=every, expire_seconds=max(int(seconds), 1))
    PeriodicTasks.update_changed()
