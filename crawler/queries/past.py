"""Items as they were: at any moment, and through their versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, Min, OuterRef, Q

from crawler.models import Item, ItemChange, ItemVersion, UnnumberedChange
from crawler.queries.changes import FieldChange, differences

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of an item: from when to when it held, the run that saw it first, and what it changed.

    `run` is None where none has seen it: it was read from a stored page, or `by` has restored it. `until` is
    None while it holds; `removed` says that the item was removed then, not changed.
    """

    number: int
    run: int | None
    by: str
    url: str
    since: datetime
    until: datetime | None
    removed: bool
    data: Any
    changes: tuple[FieldChange, ...]


def existing(found: QuerySet[Item], at: datetime) -> QuerySet[Item]:
    """Return those of `found` that there were at a moment."""
    newest = Q(changed_at__lte=at) & (Q(removed_at=None) | Q(removed_at__gt=at))
    return found.filter(newest | Exists(_holding(ItemVersion.objects.filter(item=OuterRef("pk")), at)))


def versions(shown: Iterable[Item], at: datetime) -> dict[int, ItemVersion]:
    """Return the earlier version that held at a moment of each item that has changed since, by item."""
    changed = [item.pk for item in shown if item.changed_at > at]
    rows = _holding(ItemVersion.objects.filter(item__in=changed), at) if changed else ()
    return {version.item_id: version for version in rows}


def _holding(rows: QuerySet[ItemVersion], at: datetime) -> QuerySet[ItemVersion]:
    return rows.filter(valid_from__lte=at, valid_to__gt=at)


def history(item: Item, *, field: str = "") -> tuple[Version, ...]:
    """Return the versions of `item`, newest first; with `field` only those that changed it, and the first."""
    held = list(item.versions.order_by("version"))
    first = dict(item.sightings.values_list("version").annotate(Min("run")).order_by())
    unseen = _made_by_no_run(item)
    begins = [*(old.valid_from for old in held[1:]), item.changed_at]
    spans: list[tuple[Item | ItemVersion, datetime, datetime | None, bool]] = [
        (old, old.valid_from, old.valid_to, old.valid_to < following)
        for old, following in zip(held, begins, strict=False)
    ]
    spans.append((item, item.changed_at, item.removed_at, item.removed_at is not None))
    shown: list[Version] = []
    before: Any = None
    for said, since, until, removed in spans:
        shown.append(
            Version(
                number=said.version,
                run=first.get(said.version, None if said.version in unseen else said.run),
                by=unseen.get(said.version, ""),
                url=said.url,
                since=since,
                until=until,
                removed=removed,
                data=said.data,
                changes=differences(before, said.data),
            )
        )
        before = said.data
    return tuple(version for version in reversed(shown) if _is_about(version, field))


def _made_by_no_run(item: Item) -> dict[int, str]:
    """Return the versions that no run made, as far as its changes are kept, and who restored each."""
    numbered = ItemChange.objects.filter(item=item.pk, run=None)
    waiting = UnnumberedChange.objects.filter(target=item.target_id, item=item.pk, run=None)
    return dict(numbered.values_list("version", "by_name").union(waiting.values_list("version", "by_name")))


def _is_about(version: Version, field: str) -> bool:
    if not field:
        return True
    if not version.changes:
        return isinstance(version.data, dict) and field in version.data
    return any(change.field == field for change in version.changes)
