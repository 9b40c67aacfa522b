"""Stored pages of a shop, for tests that read them again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import zstandard
from django.utils import timezone

from crawler.models import Item, ItemVersion, Page, PageVersion, Replay, Snapshot, Target
from crawler.policy import identity
from crawler.services import replays
from crawler.urls import canonical

if TYPE_CHECKING:
    from datetime import datetime

NAMES: Final = ("kettle", "pot", "pan")
FIELDS: Final = {"name": "css:h1"}
PRICED: Final = {"name": "css:h1", "price": {"css": "p", "type": "price"}}
LEFT: Final = {**PRICED, "left": {"css": "i", "type": "integer"}}
FOLLOWED: Final = {
    "name": "css:a",
    "link": {"css": "a", "type": "url"},
    "left": {"css": "i", "type": "integer", "follow": "link"},
}
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


def watched(target: Target, *, now: datetime) -> Item:
    """Give `target` a stored page with two earlier versions, and its item, whose price changed with the last.

    The page also says how many are left: 11 nine days before `now`, 12 from six days on, 13 from three on.
    """
    url = canonical("http://shop.test/kettle")
    began = [now - timedelta(days=days) for days in (9, 6, 3)]
    bodies = [_shown(price, left, now=now) for price, left in ((5, 11), (5, 12), (6, 13))]
    moments = {"first_seen": began[0], "last_seen": now - timedelta(days=1)}
    said = {"run": 3, "status": 200, "content_type": "text/html"}
    page = Page.objects.create(
        target=target, key=url.key, url=url.text, body_hash=bodies[2], size=99, changed_at=began[2],
        **said, **moments,
    )  # fmt: skip
    for number in (0, 1):
        PageVersion.objects.create(
            target=target, page=page, ended_by=number + 2, body_hash=bodies[number], size=99, stored_size=90,
            began_at=began[number], seen_at=began[number], ended_at=began[number + 1],
            **said | {"run": number + 1},
        )  # fmt: skip
    item = Item.objects.create(
        target=target, key=url.text, key_hash=identity.digest(url.text.encode()), url=url.text, run=3,
        version=2, changed_at=began[2], **_says({"name": "kettle", "price": 6.0}), **moments,
    )  # fmt: skip
    ItemVersion.objects.create(
        item=item, version=1, run=2, url=url.text, valid_from=began[0], valid_to=began[2],
        **_says({"name": "kettle", "price": 5.0}),
    )  # fmt: skip
    return item


def listed(
    target: Target, *, now: datetime, days: int = 9, path: str = "/", leads_to: str = "/kettle"
) -> Page:
    """Give `target` a stored list that leads to the kettle, since so many days before `now`."""
    url, since = canonical(f"http://shop.test{path}"), now - timedelta(days=days)
    body = f"<ul title={path}><li><a href={leads_to}>kettle</a></li></ul>".encode()
    return Page.objects.create(
        target=target, key=url.key, url=url.text, body_hash=_put(body, now=now), size=99, run=3, status=200,
        content_type="text/html", first_seen=since, last_seen=now, changed_at=since,
    )  # fmt: skip


def _shown(price: int, left: int, *, now: datetime) -> bytes:
    return _put(f"<h1>kettle</h1><p>€ {price}</p><i>{left}</i>".encode(), now=now)


def _put(body: bytes, *, now: datetime) -> bytes:
    """Store a body; return its hash."""
    digest = identity.digest(body)
    packed = zstandard.ZstdCompressor().compress(body)
    Snapshot.objects.create(hash=digest, body=packed, size=len(body), created_at=now)
    return digest


def _says(data: dict[str, Any]) -> dict[str, Any]:
    return {"data": data, "content_hash": identity.content_hash(data)}


def done(replay: int) -> Replay:
    """Go on with a replay to its end, as the worker for jobs does."""
    replays.advance(replay=replay, now=timezone.now(), budget_seconds=600)
    return Replay.objects.get(pk=replay)
