"""Events for display: lists, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import Event, EventKind, RunTrigger
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    from crawler.models import Target


def page(
    user: AbstractBaseUser | AnonymousUser,
    *,
    target: int | None = None,
    run: int | None = None,
    kind: str = "",
    cursor: str | None = None,
    size: int = 50,
) -> Listing[Event]:
    """Return a page of the events `user` may see, newest first. Raises BadCursor."""
    found = Event.objects.visible_to(user)
    if target is not None:
        found = found.filter(target=target)
    if run is not None:
        found = found.filter(run=run)
    if kind:
        found = found.filter(kind=kind)
    return listing(found, order=("-id",), cursor=cursor, size=size)


def latest(target: Target, *, limit: int = 8) -> tuple[Event, ...]:
    """Return the newest events of `target`, newest first, without the refreshes that went well."""
    found = Event.objects.filter(target=target)
    told = found.exclude(kind=EventKind.RUN_FINISHED, run__trigger=RunTrigger.REFRESH)
    return tuple(told.order_by("-id")[:limit])
