"""Stored pages of a target that are near copies of each other."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from crawler.models import Target
from crawler.queries import alike as queries
from crawler.queries import turns
from crawler.services import alike
from crawler.trials import CannotTry
from webui.api.auth import caller
from webui.api.schemas import LARGEST_ID

router = Router(tags=["targets"])


class NearCopyOut(Schema):
    page: int
    url: str


class NearGroupOut(Schema):
    """Pages that are near copies: the first of them, and how many there are."""

    count: int
    pages: list[NearCopyOut]


class NearCopiesOut(Schema):
    """The largest groups among the pages that were read so far."""

    groups: list[NearGroupOut]
    group_count: int
    copies: Annotated[int, Field(description="Pages beyond the first of each group.")]
    pages: Annotated[int, Field(description="How many were compared.")]
    read: Annotated[
        int, Field(description="How many were read so far, also those with too little text to be compared.")
    ]
    total: Annotated[int, Field(description="How many the target has.")]
    whole: Annotated[
        bool,
        Field(
            description="Whether all that were read were compared; false where there are pages and none was."
        ),
    ]


class After(Schema):
    """Where to go on."""

    after: Annotated[int, Field(ge=0, le=LARGEST_ID, description="`after` of the step before.")] = 0


class StepOut(Schema):
    made: Annotated[int, Field(description="How many pages were read.")]
    after: Annotated[int | None, Field(description="Where to go on; null: all pages are read.")]


@router.get("/targets/{int:target_id}/near-copies", response=NearCopiesOut)
def get_near_copies(request: HttpRequest, target_id: int) -> NearCopiesOut:
    """List the groups of pages that are near copies of each other, the largest first.

    Each process of the site looks for them once at a time: 429 while it does for others.
    """
    target = _target(request, target_id)
    with turns.taken():
        found = queries.of_target(target.pk)
    return NearCopiesOut(
        groups=[
            NearGroupOut(
                count=group.count, pages=[NearCopyOut(page=page.pk, url=page.url) for page in group.pages]
            )
            for group in found.groups
        ],
        group_count=found.group_count,
        copies=found.copies,
        pages=found.pages,
        read=found.read,
        total=found.total,
        whole=found.is_whole and (found.read > 0 or not found.total),
    )


@router.post("/targets/{int:target_id}/near-copies", response=StepOut)
def read_next_pages(request: HttpRequest, target_id: int, asked: Query[After]) -> StepOut:
    """Read the next stored pages, for some seconds; go on with `after` until it is null.

    429 while the process of the site that is asked does so for others.
    """
    target = _target(request, target_id)
    try:
        with turns.taken():
            step = alike.step(target.pk, after=asked.after)
    except CannotTry as error:
        raise HttpError(409, str(error)) from error
    return StepOut(made=step.made, after=step.after)


def _target(request: HttpRequest, target_id: int) -> Target:
    return get_object_or_404(Target.objects.visible_to(caller(request).user), pk=target_id)
