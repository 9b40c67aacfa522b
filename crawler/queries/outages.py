"""When nothing could be stored, for display: what several processes saw of one outage is put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from crawler.models import Outage, OutageKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.models import Run

MOST_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One outage; `ended_at` is None while it is not known to be over."""

    kind: OutageKind
    began_at: datetime
    ended_at: datetime | None


def of_run(run: Run) -> tuple[Span, ...]:
    """Return the outages that kept `run` from going on, oldest first."""
    rows = Outage.objects.filter(Q(ended_at=None) | Q(ended_at__gte=run.created_at))
    if run.finished_at is not None:
        rows = rows.filter(began_at__lte=run.finished_at)
    seen = rows.order_by("began_at").values_list("kind", "began_at", "ended_at")[:MOST_ROWS]
    return joined(Span(kind=OutageKind(kind), began_at=began, ended_at=ended) for kind, began, ended in seen)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return what `spans`, oldest first, cover together; among kinds, the first that is not `away` counts."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if last is None or (last.ended_at is not None and span.began_at > last.ended_at):
            found.append(span)
            continue
        kind = span.kind if last.kind is OutageKind.AWAY else last.kind
        ends = (last.ended_at, span.ended_at)
        ended_at = None if None in ends else max(end for end in ends if end is not None)
        found[-1] = Span(kind=kind, began_at=last.began_at, ended_at=ended_at)
    return tuple(found)
