"""Test fetches for display: what became of one, and which runs hold the host it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from celery import states
from django_celery_results.models import TaskResult

from crawler.engine.findings import Finding, Holder, Unfetched
from crawler.models import Backlog, Host, OutboxMessage, Request, Run
from crawler.queries.runs import LEASED
from crawler.queue import Work

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from pydantic import TypeAdapter

MOST_HOLDERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Not done yet; `sent` once the broker has taken it."""

    since: datetime
    sent: bool
    state: Literal["waiting"] = "waiting"


def state(preview_id: str, *, user: AbstractBaseUser | AnonymousUser) -> Waiting | Finding | None:
    """Return what is known of a test fetch; None when `user` has not started one of that id."""
    asked = OutboxMessage.objects.filter(work=Work.PREVIEW.value, task_id=preview_id).first()
    if asked is None or asked.kwargs.get("user") != user.pk:
        return None
    done = TaskResult.objects.filter(task_id=preview_id, status__in=states.READY_STATES).first()
    if done is None:
        return Waiting(since=asked.created_at, sent=asked.published_at is not None)
    if done.status != states.SUCCESS:
        return Unfetched(
            url="",
            code="preview_failed",
            message="the worker could not finish the test fetch; its log says why",
        )
    return _findings().validate_json(done.result)


@cache
def _findings() -> TypeAdapter[Finding]:
    """Return what reads a finding; nothing else that a worker imports needs pydantic."""
    from pydantic import Field, TypeAdapter

    return TypeAdapter(Annotated[Finding, Field(discriminator="state")])


def holders(origin: str, *, user: AbstractBaseUser | AnonymousUser) -> tuple[tuple[Holder, ...], int]:
    """Return the runs that hold the host of `origin` and `user` may see, and how many others do."""
    host = Host.objects.filter(origin=origin).first()
    if host is None:
        return (), 0
    leased = Request.objects.filter(LEASED, host=host).values_list("run", flat=True)
    ids = set(leased.distinct()[:MOST_HOLDERS])
    if not ids:
        waiting = (
            Backlog.objects.filter(host=host, open=True).exclude(due_at=None).order_by("-priority", "turn")
        )
        ids = set(waiting.values_list("run", flat=True)[:MOST_HOLDERS])
    seen = (
        Run.objects.visible_to(user).filter(pk__in=ids).select_related("target").order_by("-priority", "pk")
    )
    found = tuple(Holder(run=run.pk, target=run.target.name) for run in seen)
    return found, len(ids) - len(found)
