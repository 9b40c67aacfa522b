"""Who is alive: every worker and beat says so in a row of its own."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.models import Heartbeat
from crawler.stores import processes

if TYPE_CHECKING:
    from datetime import datetime

EVERY = timedelta(seconds=10)
KEEP = timedelta(days=1)


def beat(*, name: str, kind: str, now: datetime) -> None:
    """Say that the process `name` of `kind` is alive."""
    values = {"kind": kind, "node": processes.node()[:100], "pid": os.getpid(), "seen_at": now}
    Heartbeat.objects.update_or_create(name=name, defaults=values, create_defaults=values | {"started_at": now})


def leave(*, name: str) -> None:
    """Say that a process has ended as it should."""
    Heartbeat.objects.filter(name=name).delete()


def forget(*, now: datetime) -> int:
    """Remove the rows of processes that have been silent for a day."""
    return Heartbeat.objects.filter(seen_at__lt=now - KEEP).delete()[0]
