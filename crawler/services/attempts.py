"""How a task ends that the database refused: in one line, as the outage itself was told already."""

from __future__ import annotations

from typing import Any

from celery import Task
from django.db import Error as DatabaseFailure

from crawler.stores import outages


class Refused(Exception):
    """The database cannot be reached or written; whoever sends the work sends it again."""


class Attempt(Task):  # type: ignore[type-arg]
    """A task whose work rows can rebuild. While the database is away it ends without a traceback."""

    throws = (Refused,)

    def __call__(self, *args: Any, **given: Any) -> Any:
        try:
            return self.run(*args, **given)
        except DatabaseFailure as error:
            kind = outages.recognise(error)
            if kind is None:
                raise
            raise Refused(kind.label) from None
