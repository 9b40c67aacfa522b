"""Dry runs: what changed settings would do with the URLs of a target's last run."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from crawler.frontier.dry_run import Found, Side
from crawler.models import Target
from crawler.services import dry_runs
from webui.api.auth import caller
from webui.api.targets import TargetIn

router = Router(tags=["targets"])


class UrlOut(Schema):
    url: str
    reason: str


class SideOut(Schema):
    """URLs that would fare otherwise: how many by reason, and the first hundred of them."""

    count: int
    reasons: dict[str, int]
    samples: list[UrlOut]


class DryRunOut(Schema):
    """What the settings would do with the URLs of `run`; `run` is null while no run's requests are kept.

    `followed` would be fetched besides, with the reason for which the run left them out; `dropped` no
    more, with the reason for that. `partial` says that only `looked_at` of `requests` were compared.
    """

    run: int | None
    partial: bool = False
    requests: int = 0
    looked_at: int = 0
    kept: Annotated[int, Field(description="Fetched by the run, and would be again.")] = 0
    still_out: Annotated[int, Field(description="Left out by the run, and would be again.")] = 0
    followed: SideOut | None = None
    dropped: SideOut | None = None
    outside: Annotated[int, Field(description="Links that the run did not follow.")] = 0
    outside_known: Annotated[int, Field(description="Different ones of them that were compared.")] = 0
    beyond: Annotated[int, Field(description="Links beyond the run's page limit.")] = 0
    beyond_known: Annotated[int, Field(description="Different ones of them that were compared.")] = 0
    pages: Annotated[int, Field(description="Pages that the run fetched.")] = 0
    pages_read: Annotated[int, Field(description="Those of them whose links were read anew.")] = 0
    unknown_hosts: Annotated[int, Field(description="Hosts whose robots.txt is not known.")] = 0


@router.post("/targets/{int:target_id}/dry-run", response=DryRunOut)
def dry_run(request: HttpRequest, target_id: int, data: TargetIn) -> DryRunOut:
    """Tell which URLs of the last run changed settings would follow or drop; nothing is saved or fetched."""
    user = caller(request).user
    target = get_object_or_404(Target.objects.visible_to(user).select_related("schedule"), pk=target_id)
    found = dry_runs.try_out(target=target, data=data.given, user=user, now=timezone.now())
    return DryRunOut(run=None) if found is None else _out(found)


def _out(found: Found) -> DryRunOut:
    return DryRunOut(
        run=found.run,
        partial=found.is_partial,
        requests=found.requests,
        looked_at=found.looked_at,
        kept=found.kept,
        still_out=found.still_out,
        followed=_side(found.followed),
        dropped=_side(found.dropped),
        outside=found.outside,
        outside_known=found.outside_known,
        beyond=found.beyond,
        beyond_known=found.beyond_known,
        pages=found.pages,
        pages_read=found.pages_read,
        unknown_hosts=found.unknown_hosts,
    )


def _side(side: Side) -> SideOut:
    return SideOut(
        count=side.count,
        reasons={str(reason): many for reason, many in side.by_reason},
        samples=[UrlOut(url=sample.url, reason=str(sample.reason)) for sample in side.samples],
    )
