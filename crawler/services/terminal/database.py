"""The database before a terminal crawls: made when it is missing, never changed when it is old."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.db import DatabaseError, connection

from crawler.services.terminal.asked import Refusal
from crawler.stores import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

OLD = "the database is older than this version: ./run up copies it and brings it up to date"


def prepare() -> None:
    """Make the tables where there are none. Raises Refusal when the database is away or too old."""
    try:
        connection.ensure_connection()
        if schema.is_behind():
            with _one_at_a_time():
                _make_tables()
    except DatabaseError as error:
        reason = str(error).strip().partition("\n")[0]
        raise Refusal(f"the database cannot be used: {reason}", status=1) from None


def _make_tables() -> None:
    if not schema.is_behind():
        return
    if "crawler_run" in connection.introspection.table_names():
        raise Refusal(OLD, status=1)
    call_command("migrate", interactive=False, verbosity=0)


def _one_at_a_time() -> AbstractContextManager[None]:
    """Let the second of two terminals wait while the first makes the tables."""
    if connection.vendor == "sqlite":
        return _locked(Path(f"{connection.settings_dict['NAME']}.lock"))
    return nullcontext()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
