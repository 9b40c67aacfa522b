"""The sitemaps that a run begins with, and since when their entries must have changed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from crawler.engine.work import Kind, NewRequest
from crawler.models import Run
from crawler.policy import sitemaps
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.models import Target

LAST_RUN: Final = "last_run"
UNITS: Final[Mapping[str, timedelta]] = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
AGE: Final = re.compile(r"([1-9]\d{0,4})([hdw])")


def are_given(target: Target) -> bool:
    """Say whether runs of `target` begin with sitemaps."""
    return bool(target.sitemaps or target.robots_sitemaps)


def requests(target: Target) -> list[NewRequest]:
    """Return the first requests for sitemaps: those given by hand, and what robots.txt names."""
    found = [
        NewRequest(url=sitemaps.as_sitemap(canonical(url, keep_tracking=True)), depth=0, kind=Kind.SITEMAP)
        for url in target.sitemaps
    ]
    if target.robots_sitemaps:
        origins = dict.fromkeys(canonical(url).origin for url in target.start_urls)
        files = [canonical(sitemaps.robots_of(origin)) for origin in origins]
        found += [NewRequest(url=sitemaps.as_sitemap(file), depth=0, kind=Kind.ROBOTS) for file in files]
    return found


def settings(target: Target, *, now: datetime) -> dict[str, Any]:
    """Return what a run that begins now adds to its settings: since when entries must have changed."""
    since = target.sitemaps_since
    after = _last_run(target) if since == LAST_RUN else moment(since, now=now)
    return {"listed_after": after.isoformat()} if after is not None else {}


def moment(since: str, *, now: datetime) -> datetime | None:
    """Return the moment that `7d`, `12h`, `2w`, a date or a time means now; None for nothing.

    Raises ValueError for anything else.
    """
    if not since or since == LAST_RUN:
        return None
    if found := AGE.fullmatch(since):
        return now - int(found[1]) * UNITS[found[2]]
    named = datetime.fromisoformat(since)
    return named.replace(tzinfo=UTC) if named.tzinfo is None else named


def is_understood(since: str) -> bool:
    """Say whether `moment` can read it."""
    try:
        moment(since, now=datetime(2026, 1, 1, tzinfo=UTC))
    except ValueError:
        return False
    return True


def _last_run(target: Target) -> datetime | None:
    """Return when the last complete run began: what changed after that it may not have seen."""
    last = Run.objects.complete().filter(target=target).order_by("-id").first()
    return (last.started_at or last.created_at) if last is not None else None
