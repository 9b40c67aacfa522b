"""Databases that refuse to be written, for tests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def read_only() -> Iterator[None]:
    """Let the database refuse every write of this connection."""
    is_postgres = connection.vendor == "postgresql"
    switch = "SET default_transaction_read_only = {}" if is_postgres else "PRAGMA query_only = {}"
    with connection.cursor() as cursor:
        cursor.execute(switch.format("on"))
        try:
            yield
        finally:
            cursor.execute(switch.format("off"))
