"""Pages for display: what is known of each URL of a target."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.expressions import RawSQL

from crawler.models import Page, PageVersion, SearchKind, Target
from crawler.queries import search, shares
from crawler.queries.paging import Listing, listing, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet

    from crawler.queries.paging import Reader


# SQLite uses a partial index only when the query spells the index's own condition out.
NOT_OK = ~Q(status=RawSQL("200", ()))


def visible(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Page]:
    """Return the pages of the targets `user` may see."""
    return shares.of(Page.objects.all(), Target.objects.visible_to(user))


def awaiting(rows: Sequence[Page]) -> set[int]:
    """Return those of the pages of which a change is still to be judged: whether it is more than noise."""
    waiting = PageVersion.objects.filter(awaits_judgement=True, page__in=[row.pk for row in rows])
    targets = {row.target_id for row in rows}
    return set(waiting.filter(target__in=targets).values_list("page", flat=True))


def page(
    user: AbstractBaseUser | AnonymousUser,
    *,
    target: int | None = None,
    q: str = "",
    status: int | None = None,
    changed_since: datetime | None = None,
    cursor: str | None = None,
    size: int = 100,
) -> Listing[Page]:
    """Return a page of the pages `user` may see, oldest first. Raises BadCursor.

    With `changed_since` and no words those that changed first come first: an index has that order.
    """
    targets, rows = Target.objects.visible_to(user), Page.objects.all()
    if target is not None:
        targets = targets.filter(pk=target)
    by_change = changed_since is not None and not q.strip()
    reader: Reader = read
    if q.strip():
        spellings = ((word,) for word in search.words(q))
        found, reader = search.within(SearchKind.PAGES, spellings, rows, targets)
    else:
        found = shares.of(rows, targets)
        in_order = by_change or status not in {None, HTTPStatus.OK}
        if in_order and not shares.at_most(found, shares.MOST_FEW):
            found = shares.aside(rows, targets)
    if status is not None:
        found = found.filter(status=status)
        found = found.filter(NOT_OK) if status != HTTPStatus.OK else found
    if changed_since is not None:
        found = found.filter(changed_at__gte=changed_since)
    found = search.holding(found, q, "url", "title")
    order = ("changed_at", "id") if by_change else ("id",)
    return listing(found, order=order, reader=reader, cursor=cursor, size=size)
