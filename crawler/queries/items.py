"""Items for display: search, the columns of a table, and the history of one item."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import FilteredRelation, Min, Q, TextField
from django.db.models.functions import Cast

from crawler.models import Item, ItemVersion, Page, SearchKind, Sighting, Target
from crawler.queries import exports, shares
from crawler.queries import search as searching
from crawler.queries.changes import FieldChange, differences
from crawler.queries.paging import Listing, listing, read
from crawler.queries.search import words
from crawler.stores import snapshots
from crawler.urls import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet

    from crawler.queries.paging import Reader

NAMES = ("name", "title", "headline")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """An item with its data as the list shows it: as it is now, or as a run saw it."""

    item: Item
    data: Any

    @property
    def named_by(self) -> str | None:
        """Return the field that names the item; None when none does."""
        data = self.data if isinstance(self.data, dict) else {}
        return next((name for name in NAMES if isinstance(data.get(name), str) and data[name].strip()), None)

    @property
    def label(self) -> str:
        """Return what a list calls the item: its name, or the path of its page."""
        return self.data[self.named_by].strip() if self.named_by else _path(self.item.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table of items; `numeric` when all its values are numbers."""

    name: str
    numeric: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of an item: since when it holds, the run that saw it first, and what it changed."""

    number: int
    run: int
    since: datetime
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which items: of a target, seen by a run, with each word of `q`, changed since a moment."""

    target: int | None = None
    run: int | None = None
    q: str = ""
    changed_since: datetime | None = None

    @property
    def by_change(self) -> bool:
        """Whether a list of them is in the order of their changes; else it is in that of their ids."""
        return self.changed_since is not None and self.run is None and not self.q.strip()


def visible(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Item]:
    """Return the items of the targets `user` may see."""
    return shares.of(Item.objects.all(), Target.objects.visible_to(user))


def search(user: AbstractBaseUser | AnonymousUser, asked: Filters) -> QuerySet[Item]:
    """Return the items `user` may see that are asked for."""
    return _narrowed(shares.of(Item.objects.all(), _targets(user, asked)), asked)


def _targets(user: AbstractBaseUser | AnonymousUser, asked: Filters) -> QuerySet[Target]:
    targets = Target.objects.visible_to(user)
    return targets if asked.target is None else targets.filter(pk=asked.target)


def _narrowed(found: QuerySet[Item], asked: Filters) -> QuerySet[Item]:
    if asked.run is not None:
        one = FilteredRelation("sightings", condition=Q(sightings__run=asked.run))
        found = found.annotate(seen=one).filter(seen__run=asked.run)
    else:
        found = found.filter(removed_at=None)
    if asked.changed_since is not None:
        found = found.filter(changed_at__gte=asked.changed_since)
    found = found.annotate(text=Cast("data", TextField())) if asked.q.strip() else found
    for word in words(asked.q):
        found = found.filter(_holds(word))
    return found


def place(run: int | None) -> str:
    """Return the column by which what `search` found for `run` is in the order of the items' ids.

    It is the sighting's where there is one: else all that the run saw would be sorted for each page.
    """
    return "id" if run is None else "seen__item_id"


def listed(
    user: AbstractBaseUser | AnonymousUser, asked: Filters, *, cursor: str | None = None, size: int = 100
) -> Listing[Item]:
    """Return a page of the items that are asked for, oldest first. Raises BadCursor."""
    found, reader = _to_list(user, asked)
    return _listed(found, asked, reader, sign="", cursor=cursor, size=size)


def page(
    user: AbstractBaseUser | AnonymousUser, asked: Filters, *, cursor: str | None = None, size: int = 50
) -> Listing[ItemLine]:
    """Return a page of items, newest first; with a run as that run saw them. Raises BadCursor."""
    found, reader = _to_list(user, asked)
    rows = _listed(found.select_related("target"), asked, reader, sign="-", cursor=cursor, size=size)
    seen = versions_seen(rows.rows, asked.run) if asked.run is not None else {}
    return rows.map(lambda item: ItemLine(item=item, data=seen.get(item.pk, item).data))


def _to_list(user: AbstractBaseUser | AnonymousUser, asked: Filters) -> tuple[QuerySet[Item], Reader]:
    """Return what `search` does, and what reads it by the index that the list needs."""
    targets, rows = _targets(user, asked), Item.objects.all()
    reader: Reader = read
    if asked.q.strip():
        spellings = map(_spellings, words(asked.q))
        found, reader = searching.within(SearchKind.ITEMS, spellings, rows, targets)
    else:
        found = shares.of(rows, targets)
        if asked.by_change and not shares.at_most(found, shares.MOST_FEW):
            found = shares.aside(rows, targets)
    return _narrowed(found, asked), reader


def _listed(
    found: QuerySet[Item], asked: Filters, reader: Reader, *, sign: str, cursor: str | None, size: int
) -> Listing[Item]:
    columns = ("changed_at", "id") if asked.by_change else ("id",)
    order = tuple(f"{sign}{column}" for column in columns)
    by = {"id": place(asked.run)}
    return listing(found, order=order, by=by, reader=reader, cursor=cursor, size=size)


def versions_seen(shown: Iterable[Item], run: int) -> dict[int, ItemVersion]:
    """Return the version that `run` saw of each item that has changed since, by item."""
    current = {item.pk: item.version for item in shown}
    sightings = Sighting.objects.filter(run=run, item__in=current).values_list("item_id", "version")
    return exports.versions({pk: version for pk, version in sightings if version != current[pk]})


def columns(shown: Iterable[ItemLine], *, most: int = 6) -> tuple[Column, ...]:
    """Return the fields that a table of `shown` has room for beside each item's label."""
    lines = [line for line in shown if isinstance(line.data, dict)]
    taken = {line.named_by for line in lines}
    values: dict[str, list[Any]] = {}
    for line in lines:
        for name, value in line.data.items():
            if value not in (None, "", [], {}):
                values.setdefault(name, []).append(value)
    chosen = [
        name
        for name, found in values.items()
        if taken != {name} and len(found) * 3 >= len(lines) and not all(map(_is_nested, found))
    ]
    return tuple(Column(name=name, numeric=all(map(_is_number, values[name]))) for name in chosen[:most])


def history(item: Item) -> tuple[Version, ...]:
    """Return the versions of `item`, newest first, each with what it changed."""
    held = [(old.version, old.run, old.valid_from, old.data) for old in item.versions.order_by("version")]
    held.append((item.version, item.run, item.changed_at, item.data))
    first = dict(item.sightings.values_list("version").annotate(Min("run")).order_by())
    befores = [None, *(data for *_, data in held)]
    shown = [
        Version(number=number, run=first.get(number, last), since=since, changes=differences(before, data))
        for before, (number, last, since, data) in zip(befores, held, strict=False)
    ]
    return tuple(reversed(shown))


def picture(item: Item) -> int | None:
    """Return the stored page that is the picture which `item` tells of; None where it tells of none."""
    if not isinstance(item.data, dict) or item.data.get("kind") != "picture":
        return None
    pages = Page.objects.filter(
        target=item.target_id, key=key_of(item.url), content_type__istartswith="image/"
    )
    return next(
        (pk for pk, body in pages.values_list("pk", "body_hash") if snapshots.is_stored(bytes(body))), None
    )


def _is_nested(value: object) -> bool:
    return isinstance(value, dict | list)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _path(url: str) -> str:
    """Return an address without its scheme and host."""
    rest = url.partition("://")[2]
    return f"/{rest.partition('/')[2]}" if "/" in rest else url


def _holds(word: str) -> Q:
    """Match items that hold `word`, in their address or their data, however its letters are escaped there."""
    somewhere = searching.has("url", word)
    for spelling in _spellings(word):
        somewhere |= searching.has("text", spelling)
    return somewhere


def _spellings(word: str) -> tuple[str, ...]:
    """Return how stored JSON may have `word`."""
    return tuple(dict.fromkeys((word, json.dumps(word)[1:-1])))
