"""What items said before a run that wrote into them, beside what it read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.models import Item, ItemVersion, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from crawler.models import Run

ROWS: Final = 500


def beside(run: Run) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any] | None]]:
    """Yield page and fields of each item as the run saw it, and as it was before, None where it was new.

    They come in the order of the items, each part a look of its own. What later runs made of them is left
    aside.
    """
    after = 0
    while True:
        seen = Sighting.objects.filter(run=run, item__gt=after).order_by("item")
        part = dict(seen.values_list("item", "version")[:ROWS])
        yield from _part(run, part)
        if len(part) < ROWS:
            return
        after = max(part)


def _part(
    run: Run, seen: Mapping[int, int]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any] | None]]:
    ended: dict[int, list[ItemVersion]] = {}
    began = run.started_at or run.created_at
    of_them = ItemVersion.objects.filter(item__in=list(seen), valid_to__gte=began)
    for version in of_them.order_by("item", "version"):
        ended.setdefault(version.item_id, []).append(version)
    for item in Item.objects.filter(pk__in=list(seen)).order_by("pk"):
        versions: list[Item | ItemVersion] = [*ended.get(item.pk, []), item]
        saw = next((one for one in versions if one.version == seen[item.pk]), item)
        yield item.url, _fields(saw.data), _before(began, versions)


def _before(began: datetime, versions: Sequence[Item | ItemVersion]) -> Mapping[str, Any] | None:
    """Return what an item said when a run began."""
    for one in versions:
        if (one.changed_at if isinstance(one, Item) else one.valid_from) < began:
            return _fields(one.data)
    return None


def _fields(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {"value": data}
