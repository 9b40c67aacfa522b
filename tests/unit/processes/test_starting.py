"""What is started after what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from django.utils import timezone

from crawler.models import Heartbeat
from crawler.services import heartbeats
from webui.processes.errors import CannotStart
from webui.processes.layout import Installation
from webui.processes.starting import Start
from webui.processes.supervisor import State

if TYPE_CHECKING:
    from webui.processes.health import Site
    from webui.processes.layout import Program
    from webui.processes.supervisor import Supervisor

HERE = Installation(
    python="/py", base=Path("/trawl"), var=Path("/trawl/var"), host="127.0.0.1", port=8000, workers=4
)
CONTROL_NODE = f"{HERE.node_name('worker-control')}@here"
LOOKS = 3

pytestmark = pytest.mark.django_db


class Processes:
    """A supervisor whose worker for control is heard of at the third look after its start."""

    def __init__(self, *, word: str = "RUNNING") -> None:
        self.seen: list[str] = []
        self._word = word
        self._looks_left = LOOKS

    def start(self, program: Program) -> None:
        self.seen.append(program.name)

    def states(self) -> list[State]:
        if "worker-control" in self.seen:
            self._looks_left -= 1
            if not self._looks_left:
                self.seen.append("heard")
                heartbeats.beat(name=CONTROL_NODE, kind="worker-control", now=timezone.now())
        return [
            State(
                name="worker-control",
                group="workers",
                word=self._word,
                log=Path("/none"),
                started=1,
                ran_for=timedelta(seconds=1),
            )
        ]


class Answering:
    """A site that answers everything at once."""

    def is_ok(self, path: str) -> bool:
        return path.startswith("/")


def start(processes: Processes) -> None:
    Start(running=cast("Supervisor", processes), installation=HERE, site=cast("Site", Answering())).complete()


def test_it_runs_once_its_worker_for_test_fetches_and_ticks_is_heard_of() -> None:
    processes = Processes()
    start(processes)
    assert processes.seen == ["worker", "worker-control", "heard", "worker-urgent", "worker-jobs"]


def test_who_was_heard_of_before_the_start_or_elsewhere_is_not_waited_for() -> None:
    now = timezone.now()
    heartbeats.beat(name=CONTROL_NODE, kind="worker-control", now=now - timedelta(seconds=5))
    heartbeats.beat(name="worker-control.000000@there", kind="worker-control", now=now + timedelta(hours=1))
    assert Heartbeat.objects.count() == 2
    processes = Processes()
    start(processes)
    assert processes.seen.index("heard") < processes.seen.index("worker-jobs")


def test_a_worker_that_keeps_failing_ends_the_start() -> None:
    with pytest.raises(CannotStart, match="worker-control does not start"):
        start(Processes(word="FATAL"))
