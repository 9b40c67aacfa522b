"""The items of a run in the order in which it sees them, for those who read along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Max, Min

from crawler.models import Sighting
from crawler.queries import exports

if TYPE_CHECKING:
    from crawler.exports import Row
    from crawler.models import Run

PAGE_ROWS = 500


def beginning(run: Run) -> int:
    """Return the place before the first item that `run` saw, or before the first that it will see."""
    first = Sighting.objects.filter(run=run).aggregate(first=Min("pk"))["first"]
    if first is not None:
        return int(first) - 1
    return int(Sighting.objects.aggregate(last=Max("pk"))["last"] or 0)


def after(run: Run, place: int, *, limit: int = PAGE_ROWS) -> tuple[list[Row], int]:
    """Return the next rows that `run` saw after `place`, and the place after them.

    Places grow with the commits only while one slice serves the run, as a terminal's does. A
    row is as the run first saw it, or newer.
    """
    # Adding 0 keeps the planner from the index on the run, which would be sorted anew each time.
    seen = (
        Sighting.objects.alias(of=F("run_id") + 0)
        .filter(of=run.pk, pk__gt=place)
        .order_by("pk")
        .values_list("pk", "item_id", "version")[:limit]
    )
    places = list(seen)
    if not places:
        return [], place
    rows = exports.as_seen({item: version for _place, item, version in places}, run=run.pk)
    return list(rows), places[-1][0]
