"""Everybody who may come, and one row of everything, all of it of the same person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from crawler.models import Event, EventKind, Item, Page, Replay, RunTrigger, Target
from crawler.queue import Lane, Work
from crawler.services import deliveries, outbox, runs, targets, webhooks
from crawler.stores import snapshots
from crawler.urls import key_of
from tests.people import operator, viewer
from webui.accounts.models import ApiToken

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
FROM_AFAR = "203.0.113.9"
ASKED = b'{"priority": 9}'
BODY = b"<!doctype html><title>Shop</title><script>alert(1)</script>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody at the door: with a session, a token, or nothing."""

    name: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    headers: Mapping[str, str] = field(default_factory=dict)

    def tries(self, method: str, path: str) -> Any:
        """Ask, and undo whatever that changed: rows and cookies."""
        cookies = SimpleCookie(self.client.cookies)
        with transaction.atomic():
            response = self.client.generic(
                method, path, ASKED, "application/json", headers=self.headers, REMOTE_ADDR=FROM_AFAR
            )
            transaction.set_rollback(True)
        self.client.cookies = cookies
        return response


def signed_in(user: User, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks, raise_request_exception=False)
    client.force_login(user)
    return client


def bearing(user: User, *scopes: str) -> dict[str, str]:
    _row, text = ApiToken.issue(user_id=user.pk, scopes=list(scopes))
    return {"Authorization": f"Bearer {text}"}


EXAMINED = {"items": 0, "examined": 0, "fields": {}, "breaches": [], "drifts": [], "accepted": False}


@pytest.fixture
def people(db: None) -> Mapping[str, User]:
    named = {name: operator(name) for name in ("owner", "stranger")}
    return named | {
        "viewer": viewer("viewer"),
        "administrator": User.objects.create_superuser("administrator"),
    }


@pytest.fixture
def actors(people: Mapping[str, User], rung: list[Lane]) -> Mapping[str, Actor]:
    found = {name: Actor(name=name, client=signed_in(user)) for name, user in people.items()}
    found["anonymous"] = Actor(name="anonymous")
    found["read-only token"] = Actor(name="read-only token", headers=bearing(people["owner"], "read"))
    for name in ("stranger", "viewer"):
        found[f"{name}'s token"] = Actor(
            name=f"{name}'s token", headers=bearing(people[name], "read", "write")
        )
    return found


@pytest.fixture
def ids(people: Mapping[str, User]) -> Mapping[str, object]:
    """The ids of one row of each subject, by the names that routes give them; all are the owner's."""
    owner = people["owner"]
    target = targets.create(
        owner=owner,
        data={"name": "Shop", "start_urls": ["https://shop.test/"], "schedule": {"cron": "0 6 * * *"}},
        now=NOW,
    )
    run = runs.start(target=target, trigger=RunTrigger.MANUAL, now=NOW)
    run.report = {"data": EXAMINED}
    run.save(update_fields=["report"])
    Event.objects.create(kind=EventKind.RUN_FAILED, target=target, run=run, created_at=NOW)
    token, _text = ApiToken.issue(user_id=owner.pk, scopes=["read"])
    hook = {"name": "Chat", "url": "https://hooks.test/", "target": target.pk}
    webhook = webhooks.create(owner=owner, data=hook, now=NOW).webhook
    preview = str(uuid4())
    outbox.post(Work.PREVIEW, now=NOW, task_id=preview, draft="", user=owner.pk)
    return {
        "target_id": target.pk,
        "run_id": run.pk,
        "item_id": _item(target, run.pk),
        "page_id": _page(target, run.pk),
        "person_id": owner.pk,
        "change": target.history.get().pk,
        "change_id": target.history.get().pk,
        "token_id": token.pk,
        "webhook_id": webhook.pk,
        "delivery_id": deliveries.test(webhook=webhook, now=NOW).pk,
        "version": "now",
        "preview": preview,
        "preview_id": preview,
        "replay_id": Replay.objects.create(target=target, created_at=NOW, beat_at=NOW).pk,
    }


def _item(target: Target, run: int) -> int:
    return Item.objects.create(
        target=target,
        key_hash=b"k" * 16,
        key="1",
        url="https://shop.test/",
        run=run,
        data={"name": "Kettle"},
        content_hash=b"c" * 16,
        first_seen=NOW,
        last_seen=NOW,
        changed_at=NOW,
    ).pk


def _page(target: Target, run: int) -> int:
    with transaction.atomic():
        snapshots.save({b"h" * 16: (snapshots.compress(BODY), len(BODY))}, now=NOW)
    return Page.objects.create(
        target=target,
        key=key_of("https://shop.test/"),
        url="https://shop.test/",
        run=run,
        status=200,
        content_type="text/html",
        body_hash=b"h" * 16,
        first_seen=NOW,
        last_seen=NOW,
        changed_at=NOW,
    ).pk
