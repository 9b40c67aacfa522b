"""Events for display: lists, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.models import Event, EventKind, RunTrigger
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    from crawler.models import Target
    from crawler.models.events import EventQuerySet


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
    found = _narrowed(Event.objects.visible_to(user), target=target, run=run, kind=kind)
    return listing(found, order=("-id",), cursor=cursor, size=size)


def newest(*, target: int | None, run: int | None, kind: str, most: int) -> list[Event]:
    """Return up to `most` of the installation's newest events, in the order in which they happened."""
    found = _narrowed(Event.objects.filter(target__deleted_at=None), target=target, run=run, kind=kind)
    return list(found.order_by("-id")[:most])[::-1]


def _narrowed(found: EventQuerySet, *, target: int | None, run: int | None, kind: str) -> EventQuerySet:
    if target is not None:
        found = found.filter(target=target)
    if run is not None:
        found = found.filter(run=run)
    return found.filter(kind=kind) if kind else found


def latest(target: Target, *, limit: int = 8) -> tuple[Event, ...]:
    """Return the newest events of `target`, newest first, without the refreshes that went well."""
    found = Event.objects.filter(target=target)
    told = found.exclude(kind=EventKind.RUN_FINISHED, run__trigger=RunTrigger.REFRESH)
    return tuple(told.order_by("-id")[:limit])
