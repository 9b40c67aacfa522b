"""What runs have read that is no item yet: whole, or some of it for display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef

from crawler.models import HeldItem, Item, Page, Run
from crawler.queries.changes import FieldChange, differences
from crawler.queries.paging import Listing, listing
from crawler.urls import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    from crawler.models import Target

ROWS: Final = 500
MOST_PAGES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A held record, the item that it would change (None where that is new), and in what it differs."""

    held: HeldItem
    item: Item | None
    changes: tuple[FieldChange, ...]

    @property
    def word(self) -> str:
        if self.item is None:
            return "new"
        return "changed" if self.changes else "the same"


def runs(user: AbstractBaseUser | AnonymousUser, *, most: int) -> tuple[Run, ...]:
    """Return the newest runs `user` may see that wait for somebody to decide, newest first."""
    found = Run.objects.visible_to(user).held().select_related("target")
    return tuple(found.only("id", "target__name").order_by("-pk")[:most])


def of_target(target: Target) -> Run | None:
    """Return the newest run of `target` that waits for somebody to decide."""
    return Run.objects.filter(target=target).held().without_secrets().order_by("-pk").first()


def records(run: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield page and fields of each record of a run that is kept apart, each part a look of its own.

    They come as their index has them: by the hashes of their keys.
    """
    for part in _parts(run):
        for _key, url, data in part:
            yield url, _fields(data)


def beside(run: Run) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any] | None]]:
    """Yield page and fields of each such record, and those of its item as it is, None where it is new."""
    for part in _parts(run.pk):
        keys = [key for key, _url, _data in part]
        rows = Item.objects.filter(target=run.target_id, key_hash__in=keys)
        items = {bytes(key): data for key, data in rows.values_list("key_hash", "data")}
        for key, url, data in part:
            yield url, _fields(data), _fields(items[key]) if key in items else None


def _parts(run: int) -> Iterator[list[tuple[bytes, str, Any]]]:
    after = b""
    while True:
        part = HeldItem.objects.filter(run=run, key_hash__gt=after).order_by("key_hash")
        rows = [
            (bytes(key), url, data) for key, url, data in part.values_list("key_hash", "url", "data")[:ROWS]
        ]
        yield rows
        if len(rows) < ROWS:
            return
        after = rows[-1][0]


def _fields(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {"value": data}


def missing_pages(run: Run) -> list[str]:
    """Return some pages of the target's items that the run, which is kept apart, did not give."""
    given = HeldItem.objects.filter(run=run.pk, key_hash=OuterRef("key_hash"))
    gone = Item.objects.filter(~Exists(given), target=run.target_id, removed_at=None)
    urls = dict.fromkeys(gone.order_by("pk").values_list("url", flat=True)[:ROWS])
    return list(urls)[:MOST_PAGES]


def stored(target: int, urls: Iterable[str]) -> dict[str, int]:
    """Return the ids of the pages that these URLs of a target have, as far as they are known."""
    keys = {key_of(url): url for url in urls}
    rows = Page.objects.filter(target=target, key__in=list(keys)).values_list("key", "pk")
    return {keys[bytes(key)]: pk for key, pk in rows}


def page(run: Run, *, cursor: str | None = None, size: int = 50) -> Listing[Beside]:
    """Return a page of what is held of `run` beside the items as they are, in the order of its index.

    Raises BadCursor.
    """
    found = listing(HeldItem.objects.filter(run=run.pk), order=("key_hash",), cursor=cursor, size=size)
    items = _items(run.target_id, found.rows)
    return found.map(lambda held: _beside(held, items.get(bytes(held.key_hash))))


def _items(target: int, rows: Sequence[HeldItem]) -> dict[bytes, Item]:
    found = Item.objects.filter(
        target=target, removed_at=None, key_hash__in=[bytes(held.key_hash) for held in rows]
    )
    return {bytes(item.key_hash): item for item in found}


def _beside(held: HeldItem, item: Item | None) -> Beside:
    return Beside(held=held, item=item, changes=differences(item.data, held.data) if item else ())
