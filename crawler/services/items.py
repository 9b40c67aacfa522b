"""Items that people bring back: after they were removed, or to what an earlier version said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from crawler.models import Item, ItemChangeKind, UnnumberedChange
from crawler.stores import items

if TYPE_CHECKING:
    from datetime import datetime


class NothingToRestore(Exception):
    """What was asked for is as it is, or not known."""


def restore(*, item: Item, version: int | None, by: str, now: datetime) -> Item:
    """Write a new version that says what an earlier one did, or the last one of an item that was removed.

    `by` is the name of who asks. A run that sees something else writes another. Raises NothingToRestore.
    """
    with transaction.atomic():
        held = Item.objects.select_for_update().get(pk=item.pk)
        number = held.version if version is None else version
        if number == held.version and held.removed_at is None:
            raise NothingToRestore(
                f"version {number} is what the item says now; name an earlier one to bring it back"
            )
        old = held if number == held.version else held.versions.filter(version=number).first()
        if old is None:
            raise NothingToRestore(f"version {number} of this item is not known")
        if held.removed_at is None and bytes(old.content_hash) == bytes(held.content_hash):
            raise NothingToRestore(f"version {number} says the same as the item does now")
        items.bring_back(held.pk, number, now=now)
        UnnumberedChange.objects.create(
            target=held.target_id,
            item=held.pk,
            version=held.version + 1,
            kind=ItemChangeKind.RESTORED,
            by_name=by,
            at=now,
        )
    return Item.objects.get(pk=held.pk)
