"""What the data of runs is like: its figures, the rules it breaks, and what looks otherwise than before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from crawler.models import Run
from crawler.policy.quality import fields_of
from crawler.queries import holding as held
from crawler.services import holding
from webui.api.auth import caller
from webui.api.changes import FieldChangeOut
from webui.api.schemas import Paged

router = Router(tags=["runs"])


class FieldFiguresOut(Schema):
    """What the items say in one field; parts go from 0 to 1."""

    coverage: Annotated[
        float,
        Field(
            description="The part of the items in which it says something. Of a field inside another, such "
            "as `offers.price`: the part of the objects there, the mean over items that have any."
        ),
    ]
    types: Annotated[dict[str, float], Field(description="The parts of those by type.")]
    length: Annotated[float | None, Field(description="The mean length of its texts, in characters.")]
    words: Annotated[list[str] | None, Field(description="Its values, where they are few and short.")]
    least: float | None
    most: float | None
    repeated: Annotated[int | None, Field(description="Items whose value another has; null: not counted.")]
    records: Annotated[
        int | None, Field(description="Of a field inside another: how many items have such objects.")
    ] = None


class BreachOut(Schema):
    """A rule that is broken, or in what the data looks otherwise."""

    rule: str
    field: str | None
    wanted: float | str
    found: float | str | None


class PageOut(Schema):
    """A page that gave records in which the data looks otherwise, and its stored page where that is known."""

    url: str
    page: Annotated[int | None, Field(description="The stored page: `GET /pages/{id}`.")]


class DriftOut(BreachOut):
    pages: Annotated[list[PageOut], Field(description="Some of the pages that it is about.")] = []


class UntoldOut(Schema):
    """What has no figures, and is compared with no run before; rules may name it all the same."""

    fields: Annotated[int, Field(description="How many more fields there are.")]
    keyed: Annotated[list[str], Field(description="Paths of objects that hold data by keys.")]


class DataOut(Schema):
    """The data of a run that has finished; the figures are of `examined` of its items."""

    items: int
    examined: int
    fields: dict[str, FieldFiguresOut]
    breaches: Annotated[list[BreachOut], Field(description="Rules of the target that it breaks.")]
    drifts: Annotated[list[DriftOut], Field(description="In what it looks otherwise than runs before.")]
    accepted: Annotated[bool, Field(description="Whether a person took that for usual.")]
    untold: Annotated[
        UntoldOut | None, Field(description="What has no figures; null in reports of earlier versions.")
    ] = None
    since: Annotated[
        int | None, Field(description="Of a run of a part: the first run whose losses count with its own.")
    ] = None


class HeldOut(Schema):
    """A record of a run that is no item yet; `item` is null where it would be a new one."""

    key: str
    url: str
    data: Any
    item: int | None
    changes: Annotated[list[FieldChangeOut], Field(description="What accepting it would change.")]


class HeldList(Schema):
    items: list[HeldOut]
    next: str | None


@router.get("/runs/{int:run_id}/data", response=DataOut)
def get_data(request: HttpRequest, run_id: int) -> DataOut:
    """Read what the data of a run is like; 404 before it is examined, and of runs that are not."""
    return _out(_run(request, run_id))


@router.post("/runs/{int:run_id}/data/accept", response=DataOut)
def accept_data(request: HttpRequest, run_id: int) -> DataOut:
    """Take what the data looks like for usual, and publish it where the run is held.

    Later runs are compared with this one. 409 when what was held is discarded.
    """
    run = _run(request, run_id)
    holding.accept(run, by=caller(request).user.get_username(), now=timezone.now())
    run.refresh_from_db(fields=["report", "publication"])
    if run.publication in holding.DROPPED:
        raise holding.NotHeld(run)
    return _out(run)


@router.post("/runs/{int:run_id}/data/discard", response=DataOut)
def discard_data(request: HttpRequest, run_id: int) -> DataOut:
    """Drop what is held of a run: the items stay as they are. 409 when it is not held."""
    run = _run(request, run_id)
    holding.discard(run, by=caller(request).user.get_username(), now=timezone.now())
    run.refresh_from_db(fields=["report"])
    return _out(run)


@router.get("/runs/{int:run_id}/held", response=HeldList)
def list_held(request: HttpRequest, run_id: int, filters: Query[Paged]) -> HeldList:
    """List the records of a run that are kept apart, beside the items as they are."""
    found = held.page(_run(request, run_id), cursor=filters.cursor, size=filters.limit)
    return HeldList(
        items=[
            HeldOut(
                key=beside.held.key,
                url=beside.held.url,
                data=beside.held.data,
                item=beside.item.pk if beside.item else None,
                changes=[FieldChangeOut(**asdict(change)) for change in beside.changes],
            )
            for beside in found.rows
        ],
        next=found.next,
    )


def _out(run: Run) -> DataOut:
    data = run.report.get("data")
    if not data:
        raise Http404
    return DataOut(**{**data, "fields": fields_of(data)})


def _run(request: HttpRequest, run_id: int) -> Run:
    return get_object_or_404(Run.objects.visible_to(caller(request).user).with_plain_target(), pk=run_id)
