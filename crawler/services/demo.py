"""The demo shop as a target: registered once, crawled often, so that a newcomer sees prices change."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler.models import Item, Run, RunTrigger, Target
from crawler.policy.identity import digest
from crawler.services import runs, targets

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

NAME: Final = "Demo shop"

# The shop changes its prices every 30 s: two crawls 30 s apart always see different ones, and at
# this pace a crawl of its hundred pages is done in seconds.
#
# The port of the shop may change from one start to the next, so an item's key is not its URL.
KEY: Final = ("sku",)
SETTINGS: Final[dict[str, Any]] = {
    "name": NAME,
    "scraper": "demo_shop",
    "key": list(KEY),
    "delay_seconds": 0.05,
    "connections": 2,
    "max_pages": 500,
    "removed_after": 2,
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
    moved = target.start_urls != [url]
    if moved:
        targets.update(target=target, data={"start_urls": [url]}, now=now, by=owner)
    if moved or not target.key:
        _end_runs(target, now=now)
    if not target.key:
        _key_by_sku(target, now=now)
    return target


def _end_runs(target: Target, *, now: datetime) -> None:
    """Cancel what is under way: it knows the shop by an address or by keys that it has no more."""
    for run in Run.objects.filter(target=target).active().order_by("id"):
        with suppress(runs.WrongState):  # it ended by itself just now
            runs.cancel(run=run, now=now)


@transaction.atomic
def _key_by_sku(target: Target, *, now: datetime) -> None:
    """Give a target from before it had a key its key, and its items theirs: of doubles the newest stays."""
    targets.update(target=target, data={"key": list(KEY)}, now=now, by=target.owner)
    known: set[str] = set()
    doubles: list[int] = []
    for item in Item.objects.filter(target=target).order_by("-last_seen", "-id"):
        sku = str(item.data.get("sku") or "")
        if not sku or sku in known:
            doubles.append(item.pk)
            continue
        known.add(sku)
        Item.objects.filter(pk=item.pk).update(key=sku, key_hash=digest(sku.encode()))
    Item.objects.filter(pk__in=doubles).delete()


def crawl(target: Target, *, now: datetime) -> Run | None:
    """Start a run, unless one is under way or the target is switched off."""
    if not target.enabled or Run.objects.filter(target=target).active().exists():
        return None
    return runs.start(target=target, trigger=RunTrigger.MANUAL, now=now)
