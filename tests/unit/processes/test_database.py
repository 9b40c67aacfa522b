"""The copy of the database that is made before it changes."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from webui.processes import database

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_copy_holds_what_is_still_in_the_write_ahead_log(tmp_path: Path) -> None:
    file = tmp_path / "trawl.sqlite3"
    with closing(sqlite3.connect(file)) as source:
        source.execute("PRAGMA journal_mode=WAL")
        source.execute("CREATE TABLE page (url TEXT)")
        source.execute("INSERT INTO page VALUES ('http://a.test/')")
        source.commit()
        copy = database.back_up(file, tmp_path / "backups", now=NOW)
    with closing(sqlite3.connect(copy)) as copied:
        assert copied.execute("SELECT url FROM page").fetchall() == [("http://a.test/",)]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_the_five_newest_copies_stay(tmp_path: Path) -> None:
    file = tmp_path / "trawl.sqlite3"
    sqlite3.connect(file).close()
    made = [database.back_up(file, tmp_path / "backups", now=NOW + timedelta(days=day)) for day in range(7)]
    assert sorted((tmp_path / "backups").iterdir()) == made[2:]
