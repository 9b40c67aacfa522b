"""When a refresh reads the sitemaps again, for what they say of when pages changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.models import FINAL_RUN_STATES, Run
from crawler.policy.refresh import spending
from crawler.services import seeds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.engine.work import NewRequest
    from crawler.models import RefreshPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The sitemaps that a refresh begins with, how many requests they take, and what its settings add.

    Sitemaps in an index that are said not to have changed since they were read last are left out.
    """

    seeds: Sequence[NewRequest] = ()
    requests: int = 0
    settings: dict[str, object] = field(default_factory=dict)


def due(plan: RefreshPlan, *, most: int, now: datetime) -> Listing:
    """Return the sitemaps to read in a refresh that has `most` requests for them, or none.

    They are read when the last reading, by a refresh or by a whole run, is long enough ago. How many
    they are is known from the last whole run.
    """
    target = plan.target
    whole = Run.objects.whole().filter(target=target, state__in=FINAL_RUN_STATES)
    last = whole.filter(sitemaps__gt=0).order_by("-id").first() if seeds.are_given(target) else None
    if last is None or last.sitemaps > most:
        return Listing()
    began = last.started_at or last.created_at
    read_at = max(began, plan.sitemaps_at or began)
    if now - read_at < spending.sitemaps_every(last.sitemaps, per_day=target.refresh_per_day or 0):
        return Listing()
    return Listing(
        seeds=seeds.requests(target),
        requests=last.sitemaps,
        settings={"listed_after": read_at.isoformat()},
    )
