"""Items as they were: at any moment, and through their versions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Exists, Min, OuterRef, Q

from crawler.models import Item, ItemChange, ItemFilling, ItemVersion, UnnumberedChange
from crawler.policy.filling import filled
from crawler.queries.changes import FieldChange, differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of an item: from when to when it held, the run that saw it first, and what it changed.

    `run` is None where none has seen it: it was read from a stored page, or `by` has restored it. `until` is
    None while it holds; `removed` says that the item was removed then, not changed. Where stored pages said
    more, a version has several parts, each told as one: `filled` are the fields that were filled in there.
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
    filled: tuple[str, ...] = ()


class _Part(NamedTuple):
    """What an item said from a moment to another, with the fields that are filled in of that."""

    said: Item | ItemVersion
    since: datetime
    until: datetime | None
    removed: bool
    more: Mapping[str, Any]


def existing(found: QuerySet[Item], at: datetime) -> QuerySet[Item]:
    """Return those of `found` that there were at a moment."""
    newest = Q(changed_at__lte=at) & (Q(removed_at=None) | Q(removed_at__gt=at))
    return found.filter(newest | Exists(_holding(ItemVersion.objects.filter(item=OuterRef("pk")), at)))


def versions(shown: Iterable[Item], at: datetime) -> dict[int, ItemVersion]:
    """Return the earlier version that held at a moment of each item that said something else then, by item.

    Its data have what is filled in. Where a version that still holds has more to say of that moment, it is
    told as one that is none of the database.
    """
    shown = list(shown)
    changed = [item.pk for item in shown if item.changed_at > at]
    rows = _holding(ItemVersion.objects.filter(item__in=changed), at) if changed else ()
    found = {version.item_id: version for version in rows}
    more = fillings([item.pk for item in shown], at)
    for item in shown:
        filling = more.get(item.pk)
        held = found.get(item.pk, item)
        if filling is not None and filling.version == held.version:
            version = held if isinstance(held, ItemVersion) else _as_version(held)
            version.data = filled(held.data, filling.data)
            found[item.pk] = version
    return found


def fillings(items: Sequence[int], at: datetime) -> dict[int, ItemFilling]:
    """Return what is filled in at a moment, by item; it is of the version that it names."""
    rows = ItemFilling.objects.filter(item__in=items, since__lte=at, until__gt=at)
    return {row.item_id: row for row in rows.order_by("version")}


def _as_version(item: Item) -> ItemVersion:
    return ItemVersion(
        item=item,
        version=item.version,
        run=item.run,
        url=item.url,
        valid_from=item.changed_at,
        valid_to=item.last_seen,
    )


def _holding(rows: QuerySet[ItemVersion], at: datetime) -> QuerySet[ItemVersion]:
    return rows.filter(valid_from__lte=at, valid_to__gt=at)


def history(item: Item, *, field: str = "") -> tuple[Version, ...]:
    """Return the versions of `item`, newest first; those that are filled in come in their parts.

    With `field` they are the times of that field: each version that changed it or that the item began or came
    back with, until the next of these or until the item was removed.
    """
    first = dict(item.sightings.values_list("version").annotate(Min("run")).order_by())
    unseen = _made_by_no_run(item)
    shown: list[Version] = []
    for said, since, until, removed, more in _parts(item):
        data = filled(said.data, more)
        before = shown[-1] if shown else None
        version = Version(
            number=said.version,
            run=first.get(said.version, None if said.version in unseen else said.run),
            by=unseen.get(said.version, ""),
            url=said.url,
            since=since,
            until=until,
            removed=removed,
            data=data,
            changes=differences(before.data, data) if before else (),
            filled=tuple(more),
        )
        shown.append(version)
    return tuple(reversed(_times_of(field, shown) if field else shown))


def _parts(item: Item) -> Iterator[_Part]:
    """Yield what an item said in the order of time: its versions, cut where something is filled in."""
    held = list(item.versions.order_by("version"))
    more: dict[int, list[ItemFilling]] = defaultdict(list)
    for filling in item.fillings.order_by("version", "since"):
        more[filling.version].append(filling)
    begins = [*(old.valid_from for old in held[1:]), item.changed_at]
    for old, following in zip(held, begins, strict=False):
        whole = _Part(old, old.valid_from, old.valid_to, old.valid_to < following, {})
        yield from _cut(whole, more[old.version])
    newest = _Part(item, item.changed_at, item.removed_at, item.removed_at is not None, {})
    yield from _cut(newest, more[item.version])


def _cut(whole: _Part, fillings: Iterable[ItemFilling]) -> Iterator[_Part]:
    """Yield the parts of a version: those that are filled in, and what lies before, between and behind."""
    since = whole.since
    for one in fillings:
        until = one.until if whole.until is None else min(one.until, whole.until)
        begin = max(one.since, since)
        if begin >= until:
            continue
        if since < begin:
            yield whole._replace(since=since, until=begin, removed=False)
        ends = until == whole.until
        yield whole._replace(since=begin, until=until, removed=ends and whole.removed, more=one.data)
        since = until
    if since == whole.since or since != whole.until:
        yield whole._replace(since=since)


def said_at(item: Item, at: datetime) -> _Part | None:
    """Return what an item said at a moment; None where it was not there."""
    holding = (part for part in _parts(item) if part.since <= at and (part.until is None or at < part.until))
    return next(holding, None)


def _made_by_no_run(item: Item) -> dict[int, str]:
    """Return the versions that no run made, as far as its changes are kept, and who restored each."""
    numbered = ItemChange.objects.filter(item=item.pk, run=None)
    waiting = UnnumberedChange.objects.filter(target=item.target_id, item=item.pk, run=None)
    return dict(numbered.values_list("version", "by_name").union(waiting.values_list("version", "by_name")))


def _times_of(field: str, shown: Iterable[Version]) -> list[Version]:
    """Return the versions in which a field became what it says, each until when it said so."""
    told: list[Version] = []
    before: Version | None = None
    for version in shown:
        if _is_about(version, before, field):
            told.append(version)
        elif told and told[-1].until == version.since:
            told[-1] = replace(told[-1], until=version.until, removed=version.removed)
        before = version
    return told


def _is_about(version: Version, before: Version | None, field: str) -> bool:
    if any(change.field == field for change in version.changes):
        return True
    begins = before is None or before.removed
    return begins and isinstance(version.data, dict) and field in version.data
