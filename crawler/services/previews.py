"""Asks for test fetches: one page of a target that is not saved yet, as a worker would see it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from crawler.models import fields
from crawler.queue import Work
from crawler.services import outbox, runs, targets

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from crawler.models import Target

UNNAMED = "Test fetch"


def start(*, user: User, data: object, now: datetime, existing: Target | None = None) -> str:
    """Ask for a test fetch of the first start URL of what `data` describes; return its id.

    `existing` is the target that `data` changes, if any. A name is not needed yet. Raises InvalidTarget.
    """
    if existing is None and isinstance(data, dict):
        data = {**data, "name": data.get("name") or UNNAMED}
    draft = targets.validate(data, existing=existing, by=user, now=now)
    settings = {name: draft.values[name] for name in runs.FROZEN}
    secrets = {name: draft.values[name] for name in ("headers", "login", "proxies")}
    sealed = fields.write({"settings": settings, **secrets})
    task_id = str(uuid4())
    outbox.post(Work.PREVIEW, now=now, task_id=task_id, draft=sealed, user=user.pk)
    return task_id
