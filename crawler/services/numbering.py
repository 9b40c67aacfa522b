"""Gives changes of items their numbers for a reader who asks; `comparing` does for all others."""

from __future__ import annotations

from django.db import Error as DatabaseFailure

from crawler.stores import changes
from crawler.stores.outages import watch


def catch_up() -> None:
    """Number the first of the changes that wait; where nothing can be written now, they go on waiting."""
    try:
        if changes.wait():
            changes.number()
    except DatabaseFailure as error:
        if watch.note(error) is None:
            raise
