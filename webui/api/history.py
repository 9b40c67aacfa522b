"""The history of targets: read it, and go back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from crawler.models import Target, TargetChange
from crawler.queries import history
from crawler.services import restoring
from webui.api.auth import caller
from webui.api.schemas import Paged

router = Router(tags=["targets"])


class ChangeOut(Schema):
    """One change of a target: `changes` has for each key what it was and what it became.

    Secrets read as `(hidden)` on both sides.
    """

    id: int
    at: datetime
    by: Annotated[str, Field(description="Who; empty for the terminal of the machine.")]
    kind: str
    changes: dict[str, list[Any]]
    restores: Annotated[int | None, Field(description="The change whose state was brought back.")]


class ChangeList(Schema):
    items: list[ChangeOut]
    next: str | None


class RestoredOut(Schema):
    """What could not be brought back, since secrets are not kept: keys such as `headers.Cookie`."""

    lost: list[str]


@router.get("/targets/{int:target_id}/history", response=ChangeList)
def list_changes(request: HttpRequest, target_id: int, filters: Query[Paged]) -> ChangeList:
    """List the changes of a target and its schedule, newest first."""
    found = history.page(_target(request, target_id), cursor=filters.cursor, size=filters.limit)
    return ChangeList(items=[_change_out(change) for change in found.rows], next=found.next)


@router.post("/targets/{int:target_id}/history/{int:change_id}/restore", response=RestoredOut)
def restore_target(request: HttpRequest, target_id: int, change_id: int) -> RestoredOut:
    """Bring the target back to what it was after a change; that is a change too."""
    target = _target(request, target_id)
    change = get_object_or_404(target.history, pk=change_id)
    lost = restoring.restore(target=target, change=change, by=caller(request).user, now=timezone.now())
    return RestoredOut(lost=list(lost))


def _change_out(change: TargetChange) -> ChangeOut:
    return ChangeOut(
        id=change.pk,
        at=change.at,
        by=change.by_name,
        kind=change.kind,
        changes=change.changes,
        restores=change.restores,
    )


def _target(request: HttpRequest, target_id: int) -> Target:
    return get_object_or_404(
        Target.objects.visible_to(caller(request).user).select_related("schedule"), pk=target_id
    )
