"""Gives changes of items their numbers for a reader who asks; `comparing` does for all others."""

from __future__ import annotations

from django.db import Error as DatabaseFailure

from crawler.stores import changes
from crawler.stores.outages import watch


def catch_up() -> int:
    """Number the first of the changes that wait, and return how many; none where nothing can be written."""
    try:
        return changes.number() if changes.wait() else 0
    except DatabaseFailure as error:
        if watch.note(error) is None:
            raise
        return 0
