"""The database at the start: reachable, copied before it changes, migrated."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

KEEP_BACKUPS = 5


def require_reachable() -> None:
    """Raise `CannotStart` unless the database answers."""
    try:
        connections[DEFAULT_DB_ALIAS].ensure_connection()
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise CannotStart(f"the database cannot be reached: {reason}") from error


def migrate() -> None:
    """Bring the tables up to date."""
    call_command("migrate", interactive=False, verbosity=0)


def sqlite_file() -> Path | None:
    """Return the file of an SQLite database that has something in it, else None."""
    from pathlib import Path

    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "sqlite":
        return None
    file = Path(str(connection.settings_dict["NAME"]))
    return file if file.is_file() and connection.introspection.table_names() else None


def back_up(file: Path, folder: Path, *, now: datetime) -> Path:
    """Copy the SQLite database `file`, which may be in use, into `folder`; the five newest copies stay."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copy = folder / f"trawl-{now:%Y%m%d-%H%M%S}.sqlite3"
    draft = copy.with_suffix(".part")
    draft.touch(mode=0o600)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)
    draft.replace(copy)
    for old in sorted(folder.glob("trawl-*.sqlite3"))[:-KEEP_BACKUPS]:
        old.unlink()
    return copy
