"""Asks for test fetches: one page of a target that is not saved yet, as a worker would see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from crawler.models import fields
from crawler.queue import Work
from crawler.services import outbox, runs, targets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.contrib.auth.models import User

    from crawler.models import Target

UNNAMED = "Test fetch"
FETCHING: Final = (
    "start_urls", "delay_seconds", "connections", "adapt_pace", "http2", "obey_robots", "cookies", "headers",
    "user_agent", "login", "proxies",
)  # fmt: skip
READS_NOTHING: Final[Mapping[str, Any]] = {
    "scraper": "none",
    "options": {},
    "row": "",
    "fields": {},
    "key": [],
}


def start(*, user: User, data: object, now: datetime, existing: Target | None = None) -> str:
    """Ask for a test fetch of the first start URL of what `data` describes; return its id.

    `existing` is the target that `data` changes, if any. A name is not needed yet. Raises InvalidTarget.
    """
    return _ask(user=user, data=data, now=now, existing=existing, asked={})


def suggest(
    *, user: User, data: object, now: datetime, existing: Target | None = None, behind: bool = False
) -> str:
    """Ask for a test fetch that says what may be scraped; return its id.

    Of `data` counts only how the page is fetched: what reads it is what is asked for. With `behind` the page
    that the first record leads to is asked for, too; without it stored pages of `existing` tell what is
    there. Raises InvalidTarget.
    """
    if isinstance(data, dict):
        data = {name: data[name] for name in FETCHING if name in data} | {**READS_NOTHING}
    asked: dict[str, Any] = {"suggest": True}
    if behind:
        asked["behind"] = True
    elif existing is not None:
        asked["target"] = existing.pk
    return _ask(user=user, data=data, now=now, existing=existing, asked=asked)


def _ask(
    *, user: User, data: object, now: datetime, existing: Target | None, asked: Mapping[str, Any]
) -> str:
    if existing is None and isinstance(data, dict):
        data = {**data, "name": data.get("name") or UNNAMED}
    draft = targets.validate(data, existing=existing, by=user, now=now)
    settings = {name: draft.values[name] for name in runs.FROZEN}
    secrets = {name: draft.values[name] for name in ("headers", "login", "proxies")}
    sealed = fields.write({"settings": settings, **secrets})
    task_id = str(uuid4())
    outbox.post(Work.PREVIEW, now=now, task_id=task_id, draft=sealed, user=user.pk, **asked)
    return task_id
