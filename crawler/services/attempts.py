"""How a task ends that the database refused: quietly, as the outage itself is told once."""

from __future__ import annotations

from typing import Any

from celery import Task
from celery.exceptions import Ignore
from django.db import Error as DatabaseFailure

from crawler.stores.outages import watch


class Refused(Exception):
    """The database cannot be reached or written."""


class Attempt(Task):  # type: ignore[type-arg]
    """A task whose work is rebuilt from rows, so that one which an outage ends is not missed.

    Somebody waits for the result of those that have one: they are told.
    """

    throws = (Refused,)

    def __call__(self, *args: Any, **given: Any) -> Any:
        try:
            return self.run(*args, **given)
        except DatabaseFailure as error:
            kind = watch.note(error)
            if kind is None:
                raise
            raise Ignore(kind.label) if self.ignore_result else Refused(kind.label) from None
