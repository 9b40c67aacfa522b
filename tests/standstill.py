"""What an installation of a test's own stands at when the test fails: nobody can look at it afterwards."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.db import DatabaseError
from django.utils import timezone

from crawler.models import Heartbeat, Host, LaneState, Run, Slice
from crawler.queue import LANES, Queue
from tests.fleet import Fleet
from webui.celery import app

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from django.db import models

LINES, WIDTH, ROWS = 60, 400, 20
SHOWN: Final[tuple[tuple[type[models.Model], tuple[str, ...]], ...]] = (
    (LaneState, ("name", "rung_at", "started_at")),
    (Slice, ("owner", "lane", "run", "started_at", "renewed_at")),
    (Heartbeat, ("name", "pid", "seen_at")),
    (Run, ("id", "state", "reason", "discovered", "done", "failed", "skipped", "dead")),
    (Host, ("id", "lease_owner", "due_at", "top_priority", "wanted_at")),
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a test that fails what its fleets stand at."""
    report = yield
    if call.when == "call" and report.failed:
        for fleet in Fleet.running:
            report.sections.extend(sections(fleet))
    return report


def sections(fleet: Fleet) -> Iterator[tuple[str, str]]:
    """Give rows, queues, and the end of what each process said, with their titles."""
    yield f"rows at {timezone.now()}", "\n".join(rows())
    yield "messages and consumers", "\n".join(queues())
    for process in fleet.processes:
        said = [line[:WIDTH] for line in process.said().splitlines()[-LINES:]]
        ended = ", which has ended" if process.has_ended else ""
        yield f"the end of {process.name}{ended}", "\n".join(said)


def rows() -> Iterator[str]:
    for model, columns in SHOWN:
        with suppress(DatabaseError):
            for row in model._default_manager.values(*columns)[:ROWS]:
                yield f"{model.__name__}: " + ", ".join(f"{name}={value}" for name, value in row.items())


def queues() -> Iterator[str]:
    """Ask the broker that this process sends to; of Redis it has no number of consumers to tell."""
    with app.connection_for_read() as connection:
        refused = connection.connection_errors + connection.channel_errors
        for name in (LANES, *Queue):
            try:
                channel: Any = connection.channel()
                declared = channel.queue_declare(queue=str(name), passive=True)
            except refused as error:
                yield f"{name}: {error}"
            else:
                yield f"{name}: {declared.message_count} wait, {declared.consumer_count} consumers"
