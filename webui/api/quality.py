"""What the data of runs is like: its figures, the rules it breaks, and what looks otherwise than before."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from pydantic import Field

from crawler.models import Run
from crawler.services import quality
from webui.api.auth import caller

router = Router(tags=["runs"])


class FieldFiguresOut(Schema):
    """What the items say in one field; parts go from 0 to 1."""

    coverage: Annotated[float, Field(description="The part of the items in which it says something.")]
    types: Annotated[dict[str, float], Field(description="The parts of those by type.")]
    length: Annotated[float | None, Field(description="The mean length of its texts, in characters.")]
    words: Annotated[list[str] | None, Field(description="Its values, where they are few and short.")]
    least: float | None
    most: float | None
    repeated: Annotated[int | None, Field(description="Items whose value another has; null: not counted.")]


class BreachOut(Schema):
    """A rule that is broken, or in what the data looks otherwise."""

    rule: str
    field: str | None
    wanted: float | str
    found: float | str | None


class DataOut(Schema):
    """The data of a run that has finished; the figures are of `examined` of its items."""

    items: int
    examined: int
    fields: dict[str, FieldFiguresOut]
    breaches: Annotated[list[BreachOut], Field(description="Rules of the target that it breaks.")]
    drifts: Annotated[list[BreachOut], Field(description="In what it looks otherwise than runs before.")]
    accepted: Annotated[bool, Field(description="Whether a person took that for usual.")]


@router.get("/runs/{int:run_id}/data", response=DataOut)
def get_data(request: HttpRequest, run_id: int) -> DataOut:
    """Read what the data of a run is like; 404 before it is examined, and of runs that are not."""
    return _out(_run(request, run_id))


@router.post("/runs/{int:run_id}/data/accept", response=DataOut)
def accept_data(request: HttpRequest, run_id: int) -> DataOut:
    """Take what the data looks like for usual: later runs are compared with this one."""
    run = _run(request, run_id)
    quality.accept(run)
    run.refresh_from_db(fields=["report"])
    return _out(run)


def _out(run: Run) -> DataOut:
    data = run.report.get("data")
    if not data:
        raise Http404
    return DataOut(**data)


def _run(request: HttpRequest, run_id: int) -> Run:
    return get_object_or_404(Run.objects.visible_to(caller(request).user), pk=run_id)
