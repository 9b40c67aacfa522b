"""How targets' known pages are refreshed between runs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from crawler.models import Target
from crawler.queries import refresh
from webui.api.auth import caller

router = Router(tags=["targets"])


class ChangingOut(Schema):
    """A page that changes often, and about how often."""

    page: int
    url: str
    every_seconds: float


class RefreshOut(Schema):
    """What is spent on refreshing a target, and how fresh its pages are thought to be as of `planned_at`."""

    per_day: Annotated[int | None, Field(description="`refresh_per_day`; null: nothing is refreshed.")]
    spent: Annotated[int, Field(description="Requests of the last 24 hours, repeated ones included.")]
    planned_at: datetime | None
    pages: int
    fresh: Annotated[float | None, Field(description="Share of pages thought to be as seen last.")]
    kept: Annotated[float | None, Field(description="Share of pages that the budget can keep so.")]
    fastest: Annotated[list[ChangingOut], Field(description="The pages that change most often.")]


NOTHING = RefreshOut(per_day=None, spent=0, planned_at=None, pages=0, fresh=None, kept=None, fastest=[])


@router.get("/targets/{int:target_id}/refresh", response=RefreshOut)
def get_refresh(request: HttpRequest, target_id: int) -> RefreshOut:
    """Read how the known pages of a target are asked again between its runs."""
    target = get_object_or_404(Target.objects.visible_to(caller(request).user), pk=target_id)
    found = refresh.of_target(target, now=timezone.now())
    if found is None:
        return NOTHING
    return RefreshOut(
        per_day=found.per_day,
        spent=found.spent,
        planned_at=found.planned_at,
        pages=found.pages,
        fresh=found.fresh,
        kept=found.kept,
        fastest=[
            ChangingOut(page=one.page, url=one.url, every_seconds=one.every.total_seconds())
            for one in found.fastest
        ],
    )
