"""Items that people bring back: after they were removed, to what an earlier version said, or to a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction

from crawler.models import Item, ItemChangeKind, UnnumberedChange
from crawler.policy.filling import filled
from crawler.policy.identity import content_hash
from crawler.queries import past
from crawler.stores import items

if TYPE_CHECKING:
    from datetime import datetime


class NothingToRestore(Exception):
    """What was asked for is as it is, or not known."""


def restore(
    *, item: Item, by: str, now: datetime, version: int | None = None, at: datetime | None = None
) -> Item:
    """Write a new version that says what an earlier one did, or what the item said at a moment.

    With neither that is the last one, of an item that was removed. `by` is the name of who asks. A run that
    sees something else writes another. Raises NothingToRestore.
    """
    with transaction.atomic():
        held = Item.objects.select_for_update().get(pk=item.pk)
        said = _version(held, version) if at is None else _moment(held, at)
        if held.removed_at is None and said.content_hash == bytes(held.content_hash):
            raise NothingToRestore(f"{said.name} says the same as the item does now")
        items.bring_back(held.pk, said, now=now)
        UnnumberedChange.objects.create(
            target=held.target_id,
            item=held.pk,
            version=held.version + 1,
            kind=ItemChangeKind.RESTORED,
            by_name=by,
            at=now,
        )
    return Item.objects.get(pk=held.pk)


class _Said(NamedTuple):
    """What an item said, where, and what that is called."""

    data: Any
    content_hash: bytes
    url: str
    name: str


def _version(held: Item, version: int | None) -> _Said:
    number = held.version if version is None else version
    if number == held.version and held.removed_at is None:
        raise NothingToRestore(
            f"version {number} is what the item says now; name an earlier one to bring it back"
        )
    old = held if number == held.version else held.versions.filter(version=number).first()
    if old is None:
        raise NothingToRestore(f"version {number} of this item is not known")
    return _Said(old.data, bytes(old.content_hash), old.url, f"version {number}")


def _moment(held: Item, at: datetime) -> _Said:
    """Return what the item said then, with what is filled in."""
    part = past.said_at(held, at)
    if part is None:
        raise NothingToRestore(f"the item was not there at {at:%Y-%m-%dT%H:%M:%SZ}")
    data = filled(part.said.data, part.more)
    hash_ = content_hash(data) if part.more else bytes(part.said.content_hash)
    return _Said(data, hash_, part.said.url, "what it said then")
