"""A person, their tokens, and clients that use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from crawler.models import Item, Page, Target
from crawler.services import targets
from tests.people import operator
from webui.accounts.models import ApiToken

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API as one token sees it; every answer is checked to be JSON unless its body is streamed."""

    token: str
    client: Client

    def __call__(self, method: str, path: str, body: Any = ..., **headers: str) -> Any:
        data = b"" if body is ... else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.generic(
            method,
            f"/api/v1{path}",
            data,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = ..., **headers: str) -> Any:
        return self("POST", path, body, **headers)


def problem(response: Any, status: int) -> dict[str, Any]:
    """Return the problem document of `response`, which must have `status`."""
    assert response.status_code == status, (response.request["PATH_INFO"], response.content)
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


@pytest.fixture
def person(db: None) -> User:
    return operator("ada")


@pytest.fixture
def stranger(db: None) -> User:
    return operator("eve")


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def token_for(client: Client) -> Callable[..., Api]:
    def issue(user: User, *scopes: str) -> Api:
        _row, text = ApiToken.issue(user_id=user.pk, scopes=list(scopes or ("read", "write")))
        return Api(token=text, client=client)

    return issue


@pytest.fixture
def api(person: User, token_for: Callable[..., Api]) -> Api:
    return token_for(person)


@pytest.fixture
def target(person: User) -> Target:
    return targets.create(owner=person, data={"name": "Shop", "start_urls": ["https://shop.test/"]}, now=NOW)


@pytest.fixture
def item(target: Target) -> Callable[..., Item]:
    """Return a maker of items of `target`, each with a key and data of its own."""

    def make(number: int, *, run: int = 1, **columns: Any) -> Item:
        data = columns.pop("data", {"name": f"Kettle {number}", "price": number + 0.5})
        values = {
            "target": target,
            "key_hash": number.to_bytes(16, "big"),
            "key": str(number),
            "url": f"https://shop.test/product/{number}/",
            "run": run,
            "data": data,
            "content_hash": number.to_bytes(16, "big"),
            "first_seen": NOW,
            "last_seen": NOW,
            "changed_at": NOW,
        }
        return Item.objects.create(**{**values, **columns})

    return make


@pytest.fixture
def page(target: Target) -> Page:
    return Page.objects.create(
        target=target,
        key=b"k" * 16,
        url="https://shop.test/",
        run=1,
        status=200,
        content_type="text/html",
        title="<script>alert(1)</script>",
        body_hash=b"h" * 16,
        size=5,
        first_seen=NOW,
        last_seen=NOW,
        changed_at=NOW,
    )
