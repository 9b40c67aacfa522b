"""What happened to one URL of a run, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from crawler.frontier.decisions import Fate
from crawler.queries import decisions
from crawler.queries.decisions import Told
from crawler.services.drafts import InvalidTarget, Problem
from crawler.urls import BadUrl
from webui.api.runs import run_of

router = Router(tags=["runs"])
LONGEST_URL = 10_000


class RuleOut(Schema):
    """What decided: a pattern of the target, a line of robots.txt, or a bound against traps."""

    name: Annotated[str, Field(description="include, exclude, robots or traps")]
    number: Annotated[int | None, Field(description="The pattern's place, from 1, or the line.")]
    text: str


class DecisionOut(Schema):
    """What became of a URL, and why.

    `reason` is the code that decided, empty where nothing had to; `detail` says the same in words.
    """

    url: Annotated[str, Field(description="The URL as the run knows it.")]
    left_out: Annotated[
        list[str],
        Field(description="What of the URL makes no other page: `#`, and tracking parameters by name."),
    ]
    fate: Fate
    words: str
    reason: str
    detail: str
    rule: RuleOut | None
    until: datetime | None
    request: Annotated[int | None, Field(description="The id of its request, where it is one.")]
    status: int | None
    depth: int | None
    attempts: int | None
    settled_at: datetime | None
    found_on: str | None
    via: list[str]
    leads_to: str | None


class DecisionQuery(Schema):
    url: Annotated[str, Field(max_length=LONGEST_URL, description="A whole URL, with its scheme.")] = ""


@router.get("/runs/{int:run_id}/decision", response=DecisionOut)
def get_decision(request: HttpRequest, run_id: int, query: Query[DecisionQuery]) -> DecisionOut:
    """Tell what happened to a URL in a run, or what would, and which rule decided."""
    run = run_of(request, run_id)
    try:
        return _out(decisions.of(run, query.url, now=timezone.now()))
    except BadUrl as error:
        raise InvalidTarget((Problem(field="url", message=str(error)),)) from error


def _out(told: Told) -> DecisionOut:
    decision, row = told.decision, told.request
    rule = decision.rule
    return DecisionOut(
        url=told.url,
        left_out=list(told.left_out),
        fate=decision.fate,
        words=decision.words,
        reason=decision.reason,
        detail=decision.why,
        rule=RuleOut(name=rule.name, number=rule.number, text=rule.text) if rule else None,
        until=decision.until,
        request=row.pk if row else None,
        status=row.status if row else None,
        depth=told.depth,
        attempts=row.attempts if row else None,
        settled_at=row.settled_at if row else None,
        found_on=told.found_on,
        via=list(told.via),
        leads_to=told.leads_to,
    )
