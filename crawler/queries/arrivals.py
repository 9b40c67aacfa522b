"""The items of a run in the order in which it sees them, for those who read along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Max, Min

from crawler.models import Sighting
from crawler.queries import exports, reading
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.exports import Row
    from crawler.models import Run

PAGE_ROWS = 500


def beginning(run: Run) -> int:
    """Return the place before the first item that `run` saw, or before the first that it will see."""
    first = Sighting.objects.filter(run=run).aggregate(first=Min("pk"))["first"]
    if first is not None:
        return int(first) - 1
    return int(Sighting.objects.aggregate(last=Max("pk"))["last"] or 0)


class Arrivals:
    """Hands out what one run sees as it sees it, as often as it is asked: its statement is made once."""

    def __init__(self, run: Run, *, page_rows: int = PAGE_ROWS) -> None:
        # Adding 0 keeps the planner from the index on the run, which would be sorted anew each time.
        seen = Sighting.objects.alias(of=F("run_id") + 0).filter(of=run.pk, pk__gt=reading.PLACE)
        rows = seen.order_by("pk").values_list("pk", *exports.OF_SEEN)[:page_rows]
        self._statement, self._parameters = rows.query.sql_with_params()
        self._run = run.pk
        self._page_rows = page_rows

    def after(self, place: int) -> Iterator[tuple[list[Row], int]]:
        """Yield the rows that the run saw after `place`, a page at a time with the place after it.

        Places grow with the commits only while one slice serves the run, as a terminal's does. A
        row is as the run first saw it, or newer.
        """
        whole = True
        while whole:
            asked = [place if one == reading.PLACE else one for one in self._parameters]
            page = sql.select(self._statement, asked)
            whole = len(page) == self._page_rows
            if page:
                place = page[-1][0]
                yield list(exports.as_seen([row[1:] for row in page], run=self._run)), place
