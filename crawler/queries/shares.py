"""Rows of the targets that a person may see, found by the index that the list at hand needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db.models import F, Model

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from crawler.models import Target

MOST_FEW: Final = 20_000
"""So many rows are found and sorted within a tenth of a second, whatever else is in the table."""
MOST_READ: Final = 1_000
"""So many rows are looked into for words as quickly as an index says which of them may hold these."""
MOST_SORTED: Final = 200_000
"""So many ids are quickly sorted, as SQLite does with those of several targets: no index has their order."""

Stored = TypeVar("Stored", bound=Model)


def of(rows: QuerySet[Stored], targets: QuerySet[Target]) -> QuerySet[Stored]:
    """Return those of `rows` that belong to one of `targets`."""
    return rows.filter(target__in=targets)


def aside(rows: QuerySet[Stored], targets: QuerySet[Target]) -> QuerySet[Stored]:
    """Return the same as `of` for a list whose own index has its order, or holds but a few rows.

    Adding 0 keeps the database from the targets' indexes, by which it would read and sort all that they
    have. SQLite, which knows no sizes, always would.
    """
    aliased: QuerySet[Any] = rows.alias(belongs_to=F("target_id") + 0)
    return aliased.filter(belongs_to__in=targets)


def at_most(rows: QuerySet[Stored], many: int) -> bool:
    """Say whether no more than so many rows are there, of which no more are counted."""
    return rows.order_by().values("pk")[: many + 1].count() <= many


def few_ids(rows: QuerySet[Stored]) -> list[int] | None:
    """Return the ids of all rows, in any order; None when they are too many to be read for one answer."""
    ids = list(rows.order_by().values_list("pk", flat=True)[: MOST_FEW + 1])
    return ids if len(ids) <= MOST_FEW else None
