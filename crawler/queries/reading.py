"""Reads a query page by page in the order of ids; a server finds the next page meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection

from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import QuerySet

    from crawler.stores.sql import Row

    Reader = Callable[[int], list[Row]]
    Asked = Callable[[Reader, int], Callable[[], list[Row]]]

PLACE: Final = -(2**62)
"""Stands for the id after which a page begins; nobody looks for it."""


def pages(
    left: QuerySet[Any], following: Callable[[list[Row]], int | None], *, around: str = "{}"
) -> Iterator[list[Row]]:
    """Yield a page after the other of `left`, which asks for some rows after `PLACE`.

    `following` returns the id after which the next page begins, and None where a page is the last
    one. `around` is a statement around the one for a page. Each page is a transaction of its own.
    Django makes the statement once: for each page anew it took as long as reading three hundred rows.
    """
    try:
        inner, parameters = left.query.sql_with_params()
    except EmptyResultSet:
        return
    statement = around.format(inner)
    with connection.cursor() as cursor, _ahead() as ask:

        def read(after: int) -> list[Row]:
            cursor.execute(statement, [after if one == PLACE else one for one in parameters])
            return list(cursor.fetchall())

        page = read(0)
        while (after := following(page)) is not None:
            coming = ask(read, after)
            yield page
            page = coming()
        yield page


@contextmanager
def _ahead() -> Iterator[Asked]:
    """Yield what asks for a page, and returns how to get it: SQLite, which is no server, reads it only then.

    PostgreSQL is asked by a thread, so that it works and sends while the page before leaves. The
    connection allows that, and whoever wants it meanwhile waits for it.
    """
    if not sql.is_postgres():
        yield partial
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as thread:
        yield lambda read, after: thread.submit(read, after).result
