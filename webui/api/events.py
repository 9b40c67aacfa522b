"""Events: what happened to targets and runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from crawler.models import Event, EventKind
from crawler.queries import events as listed
from webui.api.auth import caller
from webui.api.schemas import Id, Paged

router = Router(tags=["events"])


class EventOut(Schema):
    """One thing that happened. What `data` holds depends on the kind."""

    id: int
    kind: str
    target: int
    run: int | None
    created_at: datetime
    data: dict[str, Any]


class EventList(Schema):
    items: list[EventOut]
    next: str | None


class EventFilter(Paged):
    target: Id | None = None
    run: Id | None = None
    kind: EventKind | None = None


@router.get("/events", response=EventList)
def list_events(request: HttpRequest, filters: Query[EventFilter]) -> EventList:
    """List what happened, newest first."""
    found = listed.page(
        caller(request).user,
        target=filters.target,
        run=filters.run,
        kind=filters.kind.value if filters.kind else "",
        cursor=filters.cursor,
        size=filters.limit,
    )
    return EventList(items=[event_out(event) for event in found.rows], next=found.next)


def event_out(event: Event) -> EventOut:
    """Return what the API says of `event`."""
    return EventOut(
        id=event.pk,
        kind=event.kind,
        target=event.target_id,
        run=event.run_id,
        created_at=event.created_at,
        data=event.data,
    )
