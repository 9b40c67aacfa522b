"""The demo shop as a target: registered once, crawled often, so that a newcomer sees prices change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.models import Run, RunTrigger, Target
from crawler.services import runs, targets

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

NAME: Final = "Demo shop"

# The shop changes its prices every 30 s: two crawls 30 s apart always see different ones, and at
# this pace a crawl of its hundred pages is done in seconds.
SETTINGS: Final[dict[str, Any]] = {
    "name": NAME,
    "scraper": "demo_shop",
    "delay_seconds": 0.05,
    "connections": 2,
    "max_pages": 500,
    "tags": ["demo"],
    "schedule": {"every_seconds": 30, "overlap": "skip", "misfire": "run_once"},
}


def register(*, owner: User, url: str, now: datetime) -> Target:
    """Register the shop at `url` for `owner`, or tell the target that is there its new address.

    Whatever else a person changed there stays. Raises InvalidTarget.
    """
    target = Target.objects.filter(owner=owner, name=NAME, deleted_at=None).order_by("id").first()
    if target is None:
        return targets.create(owner=owner, data={**SETTINGS, "start_urls": [url]}, now=now)
    if target.start_urls != [url]:
        targets.update(target=target, data={"start_urls": [url]}, now=now, by=owner)
    return target


def crawl(target: Target, *, now: datetime) -> Run | None:
    """Start a run, unless one is under way or the target is switched off."""
    if not target.enabled or Run.objects.filter(target=target).active().exists():
        return None
    return runs.start(target=target, trigger=RunTrigger.MANUAL, now=now)
