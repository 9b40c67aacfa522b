"""Items: what was scraped."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import BaseModel, Field, model_validator

from crawler.models import Item, ItemVersion
from crawler.queries import items as listed
from crawler.queries import past
from crawler.services import items as services
from webui.api.auth import caller
from webui.api.changes import FieldChangeOut, fields_out
from webui.api.schemas import Id, Moment, Paged, Words

router = Router(tags=["items"])


class ItemOut(Schema):
    """One scraped record. With `run` it is what that run saw, with `as_of` as it was, otherwise as it is now.

    `removed_at` says since when it is not there any more.
    """

    id: int
    target: int
    run: int
    url: str
    key: str
    data: Any
    first_seen: datetime
    last_seen: datetime
    changed_at: datetime
    removed_at: datetime | None
    version: int


class ItemList(Schema):
    items: list[ItemOut]
    next: str | None


class ItemFilter(Paged):
    target: Id | None = None
    run: Annotated[Id | None, Field(description="Only what this run saw, in the version it saw.")] = None
    q: Annotated[Words, Field(description="Words that the item's data or URL hold.")] = ""
    changed_since: Annotated[Moment | None, Field(description="ISO 8601; UTC when no zone is given.")] = None
    as_of: Annotated[
        Moment | None, Field(description="Those that there were at this moment, as they were; ISO 8601.")
    ] = None
    removed: Annotated[bool, Field(description="Those that are not there any more instead.")] = False

    @model_validator(mode="after")
    def _is_of_one_time(self) -> Self:
        if self.as_of and (self.run or self.q.strip() or self.changed_since or self.removed):
            raise ValueError("as_of goes with target, cursor and limit only: leave the others out")
        return self


class VersionOut(Schema):
    """What an item said from `since` until `until`, which is null while it holds.

    `removed` says that it was removed then, and not changed; `changes` tell what the version changed.
    """

    version: int
    run: Annotated[
        int | None,
        Field(description="The run that saw it first; null where none has: a replay read it, or `by` did."),
    ]
    by: Annotated[str, Field(description="Who restored it; empty of what was read.")]
    url: str
    since: datetime
    until: datetime | None
    removed: bool
    data: Any
    changes: list[FieldChangeOut]
    filled: Annotated[
        list[str],
        Field(description="Fields that earlier versions of pages filled in; a version comes in parts then."),
    ]


class VersionList(Schema):
    items: list[VersionOut]


class HistoryFilter(Schema):
    field: Annotated[Words, Field(description="Only versions that changed this field, and the first.")] = ""


class RestoreIn(BaseModel):
    """What to bring back: a version, or what was said at a moment; with neither a removed item's last."""

    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    at: Annotated[
        Moment | None, Field(description="What it said at this moment, with what is filled in; ISO 8601.")
    ] = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.version is not None and self.at is not None:
            raise ValueError("name a version or a moment (at), not both")
        return self


@router.get("/items", response=ItemList)
def list_items(request: HttpRequest, filters: Query[ItemFilter]) -> ItemList:
    """List items, oldest first; with `changed_since`, and no words or run, as they changed."""
    asked = listed.Filters(
        target=filters.target,
        run=filters.run,
        q=filters.q,
        changed_since=filters.changed_since,
        as_of=filters.as_of,
        removed=filters.removed,
    )
    page = listed.listed(caller(request).user, asked, cursor=filters.cursor, size=filters.limit)
    seen = listed.versions_shown(page.rows, asked)
    items = [item_out(item, seen.get(item.pk), run=filters.run) for item in page.rows]
    return ItemList(items=items, next=page.next)


@router.get("/items/{int:item_id}", response=ItemOut)
def get_item(request: HttpRequest, item_id: int) -> ItemOut:
    """Read one item as it is now."""
    return item_out(get_object_or_404(listed.visible(caller(request).user), pk=item_id))


@router.get("/items/{int:item_id}/history", response=VersionList)
def get_item_history(request: HttpRequest, item_id: int, filters: Query[HistoryFilter]) -> VersionList:
    """Tell what an item said and when, newest first: when each field changed, from what to what."""
    item = get_object_or_404(listed.visible(caller(request).user), pk=item_id)
    return VersionList(items=[_version_out(version) for version in past.history(item, field=filters.field)])


@router.post("/items/{int:item_id}/restore", response=ItemOut)
def restore_item(request: HttpRequest, item_id: int, data: RestoreIn | None = None) -> ItemOut:
    """Bring back a removed item, or what an earlier version said, as a new version.

    A run that sees something else writes another.
    """
    user = caller(request).user
    item = get_object_or_404(listed.visible(user), pk=item_id)
    asked = data or RestoreIn()
    name = user.get_username()
    now = timezone.now()
    return item_out(services.restore(item=item, version=asked.version, at=asked.at, by=name, now=now))


def _version_out(version: past.Version) -> VersionOut:
    return VersionOut(
        version=version.number,
        run=version.run,
        by=version.by,
        url=version.url,
        since=version.since,
        until=version.until,
        removed=version.removed,
        data=version.data,
        changes=[fields_out(change) for change in version.changes],
        filled=list(version.filled),
    )


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
        removed_at=item.removed_at,
        version=held.version,
    )
