"""The changefeed: what became of items, each change once and in order."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import Field

from crawler.models import Target
from crawler.queries import changes
from crawler.services import numbering
from webui.api.auth import caller
from webui.api.schemas import LARGEST_ID, MOST_ROWS, Id

router = Router(tags=["items"])


class FieldChangeOut(Schema):
    """A field that differs between a version and the one before; null where it was absent."""

    field: str
    before: Any
    after: Any


class ItemChangeOut(Schema):
    """What became of one item. `data` is what it said then, null once it was removed.

    `changes` tells field by field what is new of a changed or restored item. Both are null and empty where
    the versions are not kept any more.
    """

    cursor: Annotated[int, Field(description="The number of this change; go on after it with `cursor`.")]
    kind: Annotated[str, Field(description="new, changed, removed or restored.")]
    target: int
    item: int
    key: str
    url: str
    version: int
    at: datetime
    run: Annotated[
        int | None, Field(description="The run that saw it; null of what a replay read or a person restored.")
    ]
    by: Annotated[str, Field(description="Who restored it; empty of what runs saw.")]
    data: Any
    changes: list[FieldChangeOut]


class ChangeFeed(Schema):
    """Changes in their order. Give `cursor` back to go on; `more` says that there are others already."""

    items: list[ItemChangeOut]
    cursor: int
    more: bool


class ChangeFilter(Schema):
    cursor: Annotated[
        int | None,
        Field(
            ge=0,
            le=LARGEST_ID,
            description="Only what comes after this; without it, from the first change that is kept.",
        ),
    ] = None
    target: Id | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS, description="How many changes are told at most.")] = 100


@router.get("/changes", response=ChangeFeed)
def list_item_changes(request: HttpRequest, filters: Query[ChangeFilter]) -> ChangeFeed:
    """Follow what becomes of items: each change once, in order, removals included.

    410 when changes after `cursor` are not kept any more.
    """
    targets = Target.objects.visible_to(caller(request).user)
    if filters.target is not None:
        get_object_or_404(targets, pk=filters.target)
    numbering.catch_up()
    feed = changes.since(targets, cursor=filters.cursor, target=filters.target, limit=filters.limit)
    return ChangeFeed(
        items=[ItemChangeOut(**told.document()) for told in feed.rows], cursor=feed.cursor, more=feed.more
    )


def fields_out(change: changes.FieldChange) -> FieldChangeOut:
    """Return what the API says of a field that differs."""
    return FieldChangeOut(field=change.field, before=change.before, after=change.after)
