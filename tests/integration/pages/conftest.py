"""Two people who are signed in, and a target, a run and items of the first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from crawler.models import (
    Item,
    ItemVersion,
    Request,
    RequestState,
    Run,
    RunState,
    RunTrigger,
    Sighting,
    Target,
)
from crawler.queue import Lane
from crawler.services import runs, targets
from crawler.services.lookout import Condition, Lookout
from tests.people import operator

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SETTINGS: dict[str, Any] = {
    "name": "Kontor",
    "start_urls": ["http://shop.test/", "http://shop.test/category/garden/"],
    "scraper": "auto",
    "tags": ["shop"],
    "schedule": {"cron": "15 6 * * 1-5", "timezone": "Europe/Prague"},
}


@pytest.fixture(autouse=True)
def well(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked at while queries are counted: whether a look is due is a matter of the clock."""
    if any(name.endswith("num_queries") for name in request.fixturenames):
        seen = Lookout(lambda: Condition(outage=None, since=None, broker_trouble=""), every=timedelta(days=1))
        seen.condition()
        monkeypatch.setattr("webui.pages.condition.lookout", seen)


@pytest.fixture(autouse=True)
def _no_broker(rung: list[Lane]) -> None:
    """Nobody is there to be asked."""


@pytest.fixture
def ada(db: None) -> User:
    return operator("ada")


@pytest.fixture
def client(ada: User) -> Client:
    signed_in = Client()
    signed_in.force_login(ada)
    return signed_in


@pytest.fixture
def stranger(db: None) -> Client:
    signed_in = Client()
    signed_in.force_login(operator("eve"))
    return signed_in


@pytest.fixture
def target(ada: User) -> Target:
    return targets.create(owner=ada, data=SETTINGS, now=NOW)


@pytest.fixture
def run(target: Target) -> Run:
    """A run under way: one page of its two start URLs is done, one failed."""
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    done, failed = Request.objects.filter(run=run).order_by("pk")
    Request.objects.filter(pk=done.pk).update(state=RequestState.DONE, status=200, settled_at=NOW)
    Request.objects.filter(pk=failed.pk).update(
        state=RequestState.FAILED, status=500, reason="status-500", attempts=3, settled_at=NOW
    )
    Run.objects.filter(pk=run.pk).update(
        state=RunState.RUNNING, started_at=NOW, discovered=3, done=1, failed=1, pages=1, items=2, bytes=12_345
    )
    run.refresh_from_db()
    return run


def item(run: Run, key: str, data: dict[str, Any], *, at: datetime = NOW) -> Item:
    """Store an item as `run` saw it."""
    stored = Item.objects.create(
        target=run.target,
        key_hash=key.encode().ljust(16)[:16],
        key=key,
        url=f"http://shop.test/product/{key}/",
        run=run.pk,
        data=data,
        content_hash=b"0" * 16,
        first_seen=at,
        last_seen=at,
        changed_at=at,
    )
    Sighting.objects.create(run=run, item=stored, version=1)
    return stored


def change(stored: Item, run: Run, data: dict[str, Any]) -> None:
    """Store that a later `run` saw the item with other data."""
    later = stored.changed_at + timedelta(hours=1)
    ItemVersion.objects.create(
        item=stored,
        version=stored.version,
        run=stored.run,
        url=stored.url,
        data=stored.data,
        content_hash=b"0" * 16,
        valid_from=stored.changed_at,
        valid_to=later,
    )
    stored.version, stored.run, stored.data, stored.changed_at = stored.version + 1, run.pk, data, later
    stored.save()
    Sighting.objects.create(run=run, item=stored, version=stored.version)


@pytest.fixture
def torch(run: Run) -> Item:
    return item(run, "head-torch", {"name": "Head torch", "price": 44.5, "specs": {"Weight": "80 g"}})


@pytest.fixture
def bowl(run: Run) -> Item:
    return item(run, "bowl", {"name": "Café au lait bowl", "price": 27.5})
