"""The time that is asked for of each of many keys, and the conditions for what touches it, few to a query."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db.models import Q

from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

K = TypeVar("K", int, bytes)
Between = tuple["datetime", "datetime"]
"""From a moment until another."""
MOST: Final = 100
"""So many windows are in a query, each a condition of its own that the database plans."""


def hulls(asked: Iterable[tuple[K, Between]]) -> dict[K, Between]:
    """Return for each key when the first of its windows begins and the last ends."""
    found: dict[K, Between] = {}
    for key, (since, until) in asked:
        first, last = found.get(key, (since, until))
        found[key] = min(first, since), max(last, until)
    return found


def touching(windows: Mapping[int, Between], *, key: str, begins: str, ends: str, **also: Any) -> Iterator[Q]:
    """Yield conditions for the rows of which each touches the window of its key; none does twice.

    `key` is their field with that; `begins` and `ends` are lookups, as of when a row begins and ends
    compared with the window's end and beginning. What is said by `also` is asked for in each window: an
    index that begins with it serves them all.
    """
    for portion in _portions(windows):
        yield Q(
            *(
                Q(**also, **{f"{key}__in": keys, ends: since, begins: until})
                for (since, until), keys in portion
            ),
            _connector=Q.OR,
        )


def _portions(windows: Mapping[int, Between]) -> Iterator[Sequence[tuple[Between, list[int]]]]:
    """Yield windows with the keys that have them, as many keys and windows as a query takes."""
    ordered = sorted(windows, key=lambda one: (windows[one], one))
    for some in sql.chunks(ordered):
        yield from sql.chunks([(window, list(of)) for window, of in groupby(some, windows.__getitem__)], MOST)
