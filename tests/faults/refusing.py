"""Django's settings with an SQLite database that does as a file says: full, read-only, or as it should be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.backends.signals import connection_created

from tests.faults.databases import FULL, NOTHING, ORDERS, READ_ONLY
from webui.settings import *  # noqa: F403

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.backends.base.base import BaseDatabaseWrapper

MOST_PAGES = 1_073_741_823


def _begin(connection: BaseDatabaseWrapper, **_more: object) -> None:
    connection.execute_wrappers.append(_Obeying(connection))


class _Obeying:
    """Looks before each statement what is ordered; the errors that follow are SQLite's own."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._obeyed = NOTHING

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        ordered = Path(os.environ[ORDERS]).read_text()
        if ordered != self._obeyed:
            self._obeyed = ordered
            most = 1 if ordered == FULL else MOST_PAGES  # those that there are stay
            plain = self._connection.connection
            plain.execute(f"PRAGMA query_only = {int(ordered == READ_ONLY)}")
            plain.execute(f"PRAGMA max_page_count = {most}")
        return execute(sql, params, many, context)


connection_created.connect(_begin)
