"""Selectors that are proposed for the fields of a run that is held, and the repair with them."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import BaseModel, ConfigDict, Field

from crawler.models import Run
from crawler.services import mending
from crawler.services.targets import InvalidTarget, Problem
from webui.api.auth import caller
from webui.api.replays import ReplayOut, begun

router = Router(tags=["runs"])


class ProposalOut(Schema):
    """A field declared anew, and what that gives on the pages it was tried on."""

    declared: dict[str, Any]
    restored: Annotated[int, Field(description="How many of the known values it gives.")]
    known: Annotated[int, Field(description="How many values are known.")]
    filled: Annotated[int, Field(description="How many records it gives a value for.")]


class RepairOut(Schema):
    """What may read the fields that are broken, the best first; `row` as it was where it finds rows."""

    pages: Annotated[int, Field(description="How many pages it was tried on.")]
    row: str
    fields: dict[str, list[ProposalOut]]
    without: Annotated[list[str], Field(description="Broken fields for which nothing was found.")]


class RepairIn(BaseModel):
    """The fields to save, declared as those of a target; without any, the best that are proposed.

    Unknown keys are refused once it is known that the caller may see the run.
    """

    model_config = ConfigDict(extra="allow")

    fields: dict[str, Any] | None = None
    row: str | None = None


@router.get("/runs/{int:run_id}/repair", response=RepairOut)
def get_repair(request: HttpRequest, run_id: int) -> RepairOut:
    """Propose selectors for the fields in which a held run looks otherwise. 409 where none can be."""
    look = mending.look(_run(request, run_id))
    fields = {
        name: [
            ProposalOut(
                declared=dict(one.declared), restored=one.restored, known=one.known, filled=one.filled
            )
            for one in found
        ]
        for name, found in look.mended.fields.items()
    }
    return RepairOut(pages=look.pages, row=look.mended.row, fields=fields, without=list(look.without))


@router.post("/runs/{int:run_id}/repair", response={202: ReplayOut})
def repair_run(
    request: HttpRequest, run_id: int, response: HttpResponse, data: RepairIn | None = None
) -> Status[ReplayOut]:
    """Save fields with the target, read the pages of the held run again on a worker, and store that.

    What was held is discarded.
    """
    run, data = _run(request, run_id), data or RepairIn()
    if data.model_extra:
        raise InvalidTarget(
            tuple(Problem(field=key, message="is not a key that is known here") for key in data.model_extra)
        )
    fields, row = data.fields, data.row or ""
    if fields is None:
        look = mending.look(run)
        fields, row = look.chosen, row or look.mended.row
    by = caller(request).user
    return begun(mending.repair(run, fields=fields, row=row, by=by, now=timezone.now()), response)


def _run(request: HttpRequest, run_id: int) -> Run:
    found = Run.objects.visible_to(caller(request).user).select_related("target")
    return get_object_or_404(found, pk=run_id)
