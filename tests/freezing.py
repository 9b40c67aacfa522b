"""Freezing a process while it holds nothing that others need, and is where a test wants it to be."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fleet import CeleryProcess


def froze(process: CeleryProcess, *, where: Callable[[], bool] = lambda: True) -> bool:
    """Freeze a process, and not its children, and say whether it stays so.

    It goes on where it holds the database's lock, or where `where`, asked once nothing can change for it,
    says that it is not where it is wanted.
    """
    process.signal(signal.SIGSTOP)
    if lock_is_free() and where():
        return True
    process.signal(signal.SIGCONT)
    return False


def lock_is_free() -> bool:
    """Say whether SQLite's one lock is free; PostgreSQL takes the locks from what stands still by itself."""
    if connection.vendor != "sqlite":
        return True
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0.2)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        other.rollback()
    return True
