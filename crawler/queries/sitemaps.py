"""The sitemaps of a run for display: what each lists, or why it was not read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.expressions import RawSQL

from crawler.models import Request, RequestKind, RequestState, SitemapReading
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from crawler.models import Run

# SQLite uses a partial index only when the query spells the index's own condition out.
OF_SITEMAPS = Q(kind__gte=RawSQL("1", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One sitemap of a run, or the robots.txt that was asked which there are; `reading` once it was read."""

    request: Request
    reading: SitemapReading | None = None

    @property
    def is_robots(self) -> bool:
        return self.request.kind == RequestKind.ROBOTS

    @property
    def state(self) -> str:
        return str(RequestState(self.request.state).label)


def page(run: Run, *, cursor: str | None = None, size: int = 100) -> Listing[Request]:
    """Return a page of the requests for sitemaps of `run`, oldest first. Raises BadCursor."""
    return listing(Request.objects.filter(OF_SITEMAPS, run=run), order=("id",), cursor=cursor, size=size)


def shown(run: Run, requests: list[Request] | tuple[Request, ...]) -> tuple[Shown, ...]:
    """Return what these requests of `run` came to."""
    found = SitemapReading.objects.filter(run=run, request__in=[request.pk for request in requests])
    readings = {reading.request: reading for reading in found}
    return tuple(Shown(request=request, reading=readings.get(request.pk)) for request in requests)


def first(run: Run, *, limit: int = 10) -> tuple[Shown, ...]:
    """Return the first sitemaps of `run`; none where it was given none."""
    if not (run.settings.get("sitemaps") or run.settings.get("robots_sitemaps")):
        return ()
    requests = Request.objects.filter(OF_SITEMAPS, run=run).order_by("id")[:limit]
    return shown(run, tuple(requests))
