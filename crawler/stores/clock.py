"""The database's time, told without asking the database each time."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.stores import sql

if TYPE_CHECKING:
    from datetime import datetime


class DatabaseClock:
    """Counts on from one reading of the database's clock with the machine's monotonic one."""

    def __init__(self) -> None:
        self.synchronise()

    def synchronise(self) -> None:
        """Read the database's clock again."""
        self._reading = (sql.database_now(), time.monotonic())

    def now(self) -> datetime:
        told, at = self._reading
        return told + timedelta(seconds=time.monotonic() - at)

    def monotonic(self) -> float:
        return time.monotonic()

    def draw(self) -> float:
        return random.random()
