"""Items for display: search, and the columns of a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import FilteredRelation, Q, TextField
from django.db.models.functions import Cast

from crawler.models import Item, ItemVersion, Page, SearchKind, Sighting, Target
from crawler.queries import exports, past, shares
from crawler.queries import search as searching
from crawler.queries.lines import ItemLine
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table of items; `numeric` when all its values are numbers."""

    name: str
    numeric: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which items: of a target, seen by a run, with each word of `q`, changed since a moment.

    Without a run those that are there, or were `as_of` a moment; with `removed` those that are not any more.
    """

    target: int | None = None
    run: int | None = None
    q: str = ""
    changed_since: datetime | None = None
    as_of: datetime | None = None
    removed: bool = False

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
    elif asked.as_of is not None:
        found = past.existing(found, asked.as_of)
    else:
        found = found.filter(removed_at__isnull=not asked.removed)
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
    """Return a page of items, newest first, as a run saw them or as they were. Raises BadCursor."""
    found, reader = _to_list(user, asked)
    rows = _listed(found.select_related("target"), asked, reader, sign="-", cursor=cursor, size=size)
    seen = versions_shown(rows.rows, asked)
    return rows.map(lambda item: _line(item, seen.get(item.pk)))


def _line(item: Item, version: ItemVersion | None) -> ItemLine:
    return ItemLine(item=item, data=item.data if version is None else version.data, version=version)


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


def versions_shown(shown: Iterable[Item], asked: Filters) -> dict[int, ItemVersion]:
    """Return the earlier version that is asked for of each item that has changed since, by item."""
    if asked.run is not None:
        return versions_seen(shown, asked.run)
    return past.versions(shown, asked.as_of) if asked.as_of is not None else {}


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


def _holds(word: str) -> Q:
    """Match items that hold `word`, in their address or their data, however its letters are escaped there."""
    somewhere = searching.has("url", word)
    for spelling in _spellings(word):
        somewhere |= searching.has("text", spelling)
    return somewhere


def _spellings(word: str) -> tuple[str, ...]:
    """Return how stored JSON may have `word`."""
    return tuple(dict.fromkeys((word, json.dumps(word)[1:-1])))
