"""Stored pages of a shop, for tests that read them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import zstandard
from django.utils import timezone

from crawler.models import Item, Page, Replay, Snapshot, Target
from crawler.policy import identity
from crawler.services import replays
from crawler.urls import canonical

if TYPE_CHECKING:
    from datetime import datetime

NAMES: Final = ("kettle", "pot", "pan")
FIELDS: Final = {"name": "css:h1"}
PRICED: Final = {"name": "css:h1", "price": {"css": "p", "type": "price"}}
READ: Final = {"scraper": "fields", "row": "", "fields": FIELDS}


def stored(target: Target, *, now: datetime) -> None:
    """Give `target` three stored pages with an item each, which has a name and no price."""
    for number, name in enumerate(NAMES, start=1):
        url = canonical(f"http://shop.test/{name}")
        body = f"<h1>{name}</h1><p>€ {number}</p>".encode()
        digest = identity.digest(body)
        Snapshot.objects.create(
            hash=digest, body=zstandard.ZstdCompressor().compress(body), size=len(body), created_at=now
        )
        moments = {"first_seen": now, "last_seen": now, "changed_at": now}
        Page.objects.create(
            target=target,
            key=url.key,
            url=url.text,
            run=1,
            status=200,
            content_type="text/html",
            body_hash=digest,
            size=len(body),
            **moments,
        )
        data = {"name": name}
        Item.objects.create(
            target=target,
            key=url.text,
            key_hash=identity.digest(url.text.encode()),
            url=url.text,
            run=1,
            data=data,
            content_hash=identity.content_hash(data),
            **moments,
        )


def done(replay: int) -> Replay:
    """Go on with a replay to its end, as the worker for jobs does."""
    replays.advance(replay=replay, now=timezone.now(), budget_seconds=600)
    return Replay.objects.get(pk=replay)
