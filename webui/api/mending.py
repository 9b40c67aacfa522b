"""Selectors that are proposed for the fields of a run that is held, and the repair with them."""

from __future__ import annotations

from dataclasses import asdict
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


class CountOut(Schema):
    """What a field declared anew gives on all pages of the held run that were tried so far."""

    pages: Annotated[int, Field(description="On how many of them values are known.")]
    whole: Annotated[int, Field(description="On how many of these it gives all of them.")]
    restored: int
    known: int
    filled: int


class ProposalOut(Schema):
    """A field declared anew, and what that gives on the pages it was tried on."""

    declared: dict[str, Any]
    restored: Annotated[int, Field(description="How many of the known values it gives.")]
    known: Annotated[int, Field(description="How many values are known.")]
    filled: Annotated[int, Field(description="How many records it gives a value for.")]
    on_all: Annotated[CountOut | None, Field(description="The same of all pages tried so far.")]


class RecordsOut(Schema):
    """How many records other rows give on the pages tried so far, and how many of these were known."""

    given: int
    known: int
    unknown: Annotated[list[dict[str, Any]], Field(description="Some that say nothing of what was known.")]


class RepairOut(Schema):
    """What may read the fields that are broken, the best first; `row` as it was where it finds rows.

    `state` is `missing` where the target's fields were changed since: have it looked for again.
    """

    state: Annotated[str, Field(description="`missing`, `queued`, `trying` or `done`.")]
    percent: Annotated[int, Field(description="How far the trial on all pages is.")]
    tried: Annotated[int, Field(description="On how many pages of the run it was tried so far.")]
    left_out: Annotated[int, Field(description="How many of them took too long.")]
    seen: Annotated[int, Field(description="The pages of how many items that are, with these.")]
    items: Annotated[int, Field(description="How many items the target has; not all are tried of many.")]
    pages: Annotated[int, Field(description="How many pages it was tried on.")]
    row: str
    note: Annotated[str, Field(description="What is to know of the rows; empty where they are found.")]
    records: Annotated[
        RecordsOut | None,
        Field(description="Of other rows. Where they give more than were known, saving them takes `more`."),
    ] = None
    fields: dict[str, list[ProposalOut]]
    without: Annotated[list[str], Field(description="Broken fields for which nothing was found.")]


class RepairIn(BaseModel):
    """The fields to save, declared as those of a target; without any, the best that are proposed.

    Rows that are proposed and give more records than were known are saved with `more` only. Unknown keys are
    refused once it is known that the caller may see the run.
    """

    model_config = ConfigDict(extra="allow")

    fields: dict[str, Any] | None = None
    row: str | None = None
    more: bool = False


@router.get("/runs/{int:run_id}/repair", response=RepairOut)
def get_repair(request: HttpRequest, run_id: int) -> RepairOut:
    """Read what was found for the fields in which a held run looks otherwise. 409 where nothing can be.

    It is looked for when the run is held.
    """
    return _out(_run(request, run_id))


@router.post("/runs/{int:run_id}/repair/look", response={202: RepairOut})
def look_for_repair(request: HttpRequest, run_id: int) -> Status[RepairOut]:
    """Have selectors looked for from the beginning, on a worker. 409 where none can be."""
    run = _run(request, run_id)
    mending.look_again(run, now=timezone.now())
    return Status(202, _out(run))


def _out(run: Run) -> RepairOut:
    look = mending.look(run)
    if look is None or look.progress is None:
        state = "queued" if mending.is_looking(run) else "missing"
        none: dict[str, Any] = dict.fromkeys(("percent", "tried", "left_out", "seen", "items", "pages"), 0)
        return RepairOut(state=state, row=run.target.row, note="", fields={}, without=[], **none)
    fields = {
        name: [
            ProposalOut(
                declared=dict(one.declared),
                restored=one.restored,
                known=one.known,
                filled=one.filled,
                on_all=CountOut(**asdict(given)) if given else None,
            )
            for one, given in zip(found, look.counts(name), strict=True)
        ]
        for name, found in look.mended.fields.items()
    }
    return RepairOut(
        state=look.progress.state,
        percent=look.progress.percent,
        tried=look.progress.tried,
        left_out=look.progress.left_out,
        seen=look.progress.seen,
        items=look.progress.total,
        pages=look.pages,
        row=look.mended.row,
        note=look.mended.note,
        records=RecordsOut.model_validate(asdict(look.records)) if look.records else None,
        fields=fields,
        without=list(look.without),
    )


@router.post("/runs/{int:run_id}/repair", response={202: ReplayOut})
def repair_run(
    request: HttpRequest, run_id: int, response: HttpResponse, data: RepairIn | None = None
) -> Status[ReplayOut]:
    """Save fields with the target, read the pages of the held run again on a worker, and store that.

    What was held is discarded. 409 where no fields are named and none were looked for yet: that begins then;
    and without `more` for rows that are proposed and give more records than were known.
    """
    run, data = _run(request, run_id), data or RepairIn()
    if data.model_extra:
        raise InvalidTarget(
            tuple(Problem(field=key, message="is not a key that is known here") for key in data.model_extra)
        )
    fields, row = data.fields, data.row or ""
    if fields is None:
        look = _looked(run)
        fields, row = look.chosen, row or look.mended.row
    by = caller(request).user
    now = timezone.now()
    try:
        replay = mending.repair(run, fields=fields, row=row, by=by, now=now, more=data.more)
    except mending.MoreRecords as error:
        raise mending.CannotMend(f'{error}, by "more": true') from None
    return begun(replay, response)


def _looked(run: Run) -> mending.Look:
    """Return what is proposed for a run; what is not known yet is looked for on a worker, not here."""
    look = mending.look(run)
    if look is None:
        mending.look_again(run, now=timezone.now())
        raise mending.CannotMend(
            f"selectors are being looked for: send this again when GET /runs/{run.pk}/repair says done"
        )
    return look


def _run(request: HttpRequest, run_id: int) -> Run:
    found = Run.objects.visible_to(caller(request).user).with_plain_target()
    return get_object_or_404(found, pk=run_id)
