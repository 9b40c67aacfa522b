"""Writes something only to see whether the database can be written."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.db import OperationalError, connection
from django.utils import timezone

from crawler.models import WriteProbe
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

MUCH_BYTES: Final = 262_144
LITTLE = "little"
BUSY_MILLISECONDS: Final = 250


def write_little() -> None:
    """Change one small row; raises what the database raises. That others are writing is enough."""
    now = timezone.now()
    with _impatience():
        if not WriteProbe.objects.filter(name=LITTLE).update(written_at=now):
            WriteProbe.objects.get_or_create(name=LITTLE, defaults={"written_at": now})


def write_much() -> None:
    """Store as much as a batch of pages needs, and remove it again; raises what the database raises.

    It is committed in between: SQLite reaches for the disk only then.
    """
    much = WriteProbe(name=f"{os.getpid():x}", written_at=timezone.now(), filler=os.urandom(MUCH_BYTES))
    much.save()
    WriteProbe.objects.exclude(name=LITTLE).delete()


@contextmanager
def _impatience() -> Iterator[None]:
    """Wait for other writers only for a moment: nobody who asks how things are should have to."""
    if sql.is_postgres():
        yield
        return
    with connection.cursor() as cursor:
        usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        try:
            yield
        except OperationalError as error:
            if "locked" not in str(error):
                raise
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
