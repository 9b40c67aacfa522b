"""Items: what was scraped."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from pydantic import Field

from crawler.models import Item, ItemVersion
from crawler.queries import items as listed
from webui.api.auth import caller
from webui.api.schemas import Id, Moment, Paged, Words

router = Router(tags=["items"])


class ItemOut(Schema):
    """One scraped record. With `run` it is what that run saw, otherwise as it is now."""

    id: int
    target: int
    run: int
    url: str
    key: str
    data: Any
    first_seen: datetime
    last_seen: datetime
    changed_at: datetime


class ItemList(Schema):
    items: list[ItemOut]
    next: str | None


class ItemFilter(Paged):
    target: Id | None = None
    run: Annotated[Id | None, Field(description="Only what this run saw, in the version it saw.")] = None
    q: Annotated[Words, Field(description="Words that the item's data or URL hold.")] = ""
    changed_since: Annotated[Moment | None, Field(description="ISO 8601; UTC when no zone is given.")] = None


@router.get("/items", response=ItemList)
def list_items(request: HttpRequest, filters: Query[ItemFilter]) -> ItemList:
    """List items, oldest first; with `changed_since`, and no words or run, as they changed."""
    asked = listed.Filters(
        target=filters.target, run=filters.run, q=filters.q, changed_since=filters.changed_since
    )
    page = listed.listed(caller(request).user, asked, cursor=filters.cursor, size=filters.limit)
    seen = listed.versions_seen(page.rows, filters.run) if filters.run else {}
    items = [item_out(item, seen.get(item.pk), run=filters.run) for item in page.rows]
    return ItemList(items=items, next=page.next)


@router.get("/items/{int:item_id}", response=ItemOut)
def get_item(request: HttpRequest, item_id: int) -> ItemOut:
    """Read one item as it is now."""
    return item_out(get_object_or_404(listed.visible(caller(request).user), pk=item_id))


def item_out(item: Item, version: ItemVersion | None = None, *, run: int | None = None) -> ItemOut:
    """Return what the API says of `item`, in an earlier `version` when one is given."""
    held = version or item
    return ItemOut(
        id=item.pk,
        target=item.target_id,
        run=run or held.run,
        url=held.url,
        key=item.key,
        data=held.data,
        first_seen=item.first_seen,
        last_seen=version.valid_to if version else item.last_seen,
        changed_at=version.valid_from if version else item.changed_at,
    )
