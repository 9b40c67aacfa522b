"""Rows of the targets that a person may see, found by the index that the list at hand needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db.models import F, Model

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from crawler.models import Target

MOST_FEW: Final = 20_000
"""So many rows are read and sorted within a tenth of a second, whatever else is in the table."""

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


def are_few(rows: QuerySet[Stored]) -> bool:
    """Say whether so few rows are there that reading all of them is the quickest."""
    return rows.order_by().values("pk")[: MOST_FEW + 1].count() <= MOST_FEW
