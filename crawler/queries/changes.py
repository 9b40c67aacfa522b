"""What became of items, in the order of its numbers: the changefeed, and lists for display."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from crawler.models import Changefeed, Item, ItemChange, ItemChangeKind, ItemVersion, Target
from crawler.policy import identity
from crawler.queries.lines import ItemLine
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet

WINDOW: Final = 20_000
"""So many numbers are looked through for one page of a person's changes at most: it may be empty."""


class Forgotten(Exception):
    """A reader asks to go on after a change behind which others are no longer kept."""

    def __init__(self, *, cursor: int, forgotten: int, last: int) -> None:
        super().__init__(
            f"changes up to number {forgotten} are no longer kept, so what came after {cursor} is not known "
            f"any more; read the items anew (GET /api/v1/items, or an export), then go on with cursor={last}"
        )


class Unknown(Exception):
    """A reader asks to go on after a change that there is not."""

    def __init__(self, *, cursor: int, last: int) -> None:
        super().__init__(
            f"no change has the number {cursor} yet, the last one is {last}: the cursor is of another "
            "installation, or of this one before it was put back from a copy; read the items anew (GET "
            f"/api/v1/items, or an export), then go on with cursor={last}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of an item that differs between a version and the one before; None where it was absent."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A change with its item and what the item said then: None once it was removed, or where that is gone.

    `fields` is empty of new and removed items.
    """

    change: ItemChange
    item: Item
    data: Any
    fields: tuple[FieldChange, ...]

    def document(self) -> dict[str, Any]:
        """Return what is said of the change to programs."""
        return {
            "cursor": self.change.number,
            "kind": self.kind.label,
            "target": self.change.target_id,
            "item": self.change.item_id,
            "key": self.item.key,
            "url": self.item.url,
            "version": self.change.version,
            "at": self.change.at,
            "run": self.change.run,
            "by": self.change.by_name,
            "data": self.data,
            "changes": [asdict(field) for field in self.fields],
        }

    @property
    def line(self) -> ItemLine:
        """Return the item as lists show it, with what it said, or says now where it was removed."""
        return ItemLine(item=self.item, data=self.item.data if self.data is None else self.data)

    @property
    def kind(self) -> ItemChangeKind:
        return ItemChangeKind(self.change.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Changes in their order, the cursor to go on with, and whether there are more already."""

    rows: tuple[Told, ...]
    cursor: int
    more: bool


def differences(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Return the fields in which two versions of an item's data differ, in the order of the later one."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ()
    names = dict.fromkeys([*after, *before])
    return tuple(
        FieldChange(field=name, before=before.get(name), after=after.get(name))
        for name in names
        if not identity.says_the_same(before.get(name), after.get(name))
    )


def since(targets: QuerySet[Target], *, cursor: int | None, target: int | None, limit: int) -> Feed:
    """Return up to `limit` changes after `cursor`, or the first that are kept, of `targets`, or one of them.

    Whoever goes on with the cursor of this answer, or with the number of any change in it, gets each
    change once. Raises Forgotten and Unknown.
    """
    feed = Changefeed.objects.get()
    after = feed.forgotten if cursor is None else cursor
    if after > feed.last:
        raise Unknown(cursor=after, last=feed.last)
    found = ItemChange.objects.filter(target__in=targets, number__gt=after)
    upto = feed.last
    if target is not None:
        found = found.filter(target=target)
    else:
        upto = min(after + WINDOW, feed.last)
    rows = list(found.filter(number__lte=upto).order_by("number")[: limit + 1])
    forgotten = Changefeed.objects.get().forgotten  # asked last: what was removed meanwhile is missing above
    if after < forgotten:
        raise Forgotten(cursor=after, forgotten=forgotten, last=feed.last)
    more = len(rows) > limit
    rows = rows[:limit]
    reached = rows[-1].number if more else upto
    return Feed(rows=tuple(told(rows)), cursor=reached, more=more or reached < feed.last)


def page(
    user: AbstractBaseUser | AnonymousUser,
    *,
    target: int | None = None,
    item: int | None = None,
    kind: ItemChangeKind | None = None,
    cursor: str | None = None,
    size: int = 50,
) -> Listing[Told]:
    """Return a page of the changes `user` may see, newest first. Raises BadCursor."""
    found = ItemChange.objects.filter(target__in=Target.objects.visible_to(user))
    if target is not None:
        found = found.filter(target=target)
    if item is not None:
        found = found.filter(item=item)
    if kind is not None:
        found = found.filter(kind=kind)
    rows = listing(found, order=("-number",), cursor=cursor, size=size)
    shown = {entry.change.number: entry for entry in told(rows.rows)}
    return Listing(
        rows=tuple(shown[row.number] for row in rows.rows if row.number in shown),
        next=rows.next,
        previous=rows.previous,
    )


def told(rows: Iterable[ItemChange]) -> Iterator[Told]:
    """Yield the changes with what their items said; those of items whose rows are gone are left out."""
    changes = list(rows)
    items = Item.objects.select_related("target").in_bulk({change.item_id for change in changes})
    data = _data(changes, items)
    for change in changes:
        item = items.get(change.item_id)
        if item is not None:
            after = data.get((change.item_id, change.version))
            before = data.get((change.item_id, change.version - 1))
            is_compared = change.kind in {ItemChangeKind.CHANGED, ItemChangeKind.RESTORED}
            yield Told(
                change=change,
                item=item,
                data=None if change.kind == ItemChangeKind.REMOVED else after,
                fields=differences(before, after) if is_compared else (),
            )


def _data(changes: Iterable[ItemChange], items: dict[int, Item]) -> dict[tuple[int, int], Any]:
    """Return what items said, by item and version: all that changes led to, and came from.

    The items were read before: what was their version then is an earlier one by now, or still theirs.
    """
    wanted = {
        (change.item_id, version) for change in changes for version in (change.version, change.version - 1)
    }
    found = {(pk, item.version): item.data for pk, item in items.items()}
    older = wanted - set(found)
    if older:
        rows = ItemVersion.objects.filter(
            item__in={pk for pk, _version in older}, version__in={version for _pk, version in older}
        )
        found |= {(row.item_id, row.version): row.data for row in rows}
    return found
