"""Pages for display: what is known of each URL of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import Page, Target
from crawler.queries import search
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet


def visible(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Page]:
    """Return the pages of the targets `user` may see."""
    return Page.objects.filter(target__in=Target.objects.visible_to(user))


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
    """Return a page of the pages `user` may see, oldest first. Raises BadCursor."""
    found = visible(user)
    if target is not None:
        found = found.filter(target=target)
    if status is not None:
        found = found.filter(status=status)
    if changed_since is not None:
        found = found.filter(changed_at__gte=changed_since)
    found = search.holding(found, q, "url", "title")
    return listing(found, order=("id",), cursor=cursor, size=size)
