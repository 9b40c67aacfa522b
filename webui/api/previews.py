"""Test fetches: see what a target would find before it is saved."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from crawler.engine.findings import Forbidden, Held, Shown, Unfetched
from crawler.models import Target
from crawler.queries import previews as asked
from crawler.queries.previews import Waiting
from crawler.services import previews
from webui.api.auth import caller
from webui.api.schemas import Id
from webui.api.targets import TargetIn

router = Router(tags=["previews"])


class PreviewOf(Schema):
    target: Annotated[
        Id | None, Field(description="The target that is being changed; what is left out is as it is there.")
    ] = None


class PreviewOut(Schema):
    """A test fetch. `result` is null while it waits; its shape follows from `state`.

    `held`: other runs held the host for 10 s. `robots`: robots.txt forbids the page. `failed`: there is
    no page, and `code` says why.
    """

    id: UUID
    state: Literal["waiting", "done", "held", "robots", "failed"]
    result: Shown | Held | Forbidden | Unfetched | None = None


@router.post("/previews", response={202: PreviewOut})
def start_preview(
    request: HttpRequest, data: TargetIn, response: HttpResponse, query: Query[PreviewOf]
) -> Status[PreviewOut]:
    """Fetch the first start URL of settings and read it, on a worker, before everything else."""
    user = caller(request).user
    existing = get_object_or_404(Target.objects.visible_to(user), pk=query.target) if query.target else None
    preview_id = previews.start(user=user, data=data.given, existing=existing, now=timezone.now())
    response["Location"] = f"/api/v1/previews/{preview_id}"
    return Status(202, PreviewOut(id=UUID(preview_id), state="waiting"))


@router.get("/previews/{uuid:preview_id}", response=PreviewOut)
def get_preview(request: HttpRequest, preview_id: UUID) -> PreviewOut:
    """Read what a test fetch found. Only who started it may, for a day."""
    found = asked.state(str(preview_id), user=caller(request).user)
    if found is None:
        raise Http404
    if isinstance(found, Waiting):
        return PreviewOut(id=preview_id, state="waiting")
    return PreviewOut(id=preview_id, state=found.state, result=found)
