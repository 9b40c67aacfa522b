"""Search by words: which rows hold each of those that a person typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model, Q

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST_WORDS = 5

Stored = TypeVar("Stored", bound=Model)


def words(q: str) -> list[str]:
    """Return the words of `q` that are searched for."""
    return q.split()[:MOST_WORDS]


def holding(found: QuerySet[Stored], q: str, *columns: str) -> QuerySet[Stored]:
    """Return the rows of `found` that hold each word of `q` in one of `columns`, whatever its case."""
    for word in words(q):
        somewhere = Q()
        for column in columns:
            somewhere |= Q((f"{column}__icontains", word))
        found = found.filter(somewhere)
    return found
