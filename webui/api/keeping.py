"""What a target keeps of its pages' earlier versions, and what other bounds would free."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from crawler.models import Target
from crawler.policy import versions as policy
from crawler.policy.versions import Keeping
from crawler.queries import versions
from crawler.services import judging
from crawler.services.drafts.keeping import BOUNDS
from webui.api.auth import caller

router = Router(tags=["targets"])


def _bound(name: str) -> object:
    least, most = BOUNDS[name]
    return Field(ge=least, le=most)


class Tried(Schema):
    """Bounds to try; without any those of the target."""

    versions: Annotated[int | None, _bound("versions")] = None
    days: Annotated[int | None, _bound("days")] = None
    megabytes: Annotated[int | None, _bound("megabytes")] = None


class RulesOut(Schema):
    """How long earlier versions stay; null is no bound of this kind."""

    versions: int | None
    days: int | None
    megabytes: int | None


class KeepingOut(Schema):
    """What a target has of earlier versions, and what the next clean-up removes by these rules."""

    rules: RulesOut
    saved: Annotated[bool, Field(description="Whether these are the rules of the target.")]
    versions: int
    bytes: Annotated[int, Field(description="What their bodies take, as they are stored.")]
    leaving: int
    freed_bytes: Annotated[int, Field(description="Of bodies that no page and no other version has.")]
    whole: Annotated[bool, Field(description="Whether all versions were looked at.")]
    removed: Annotated[int, Field(description="How many clean-up has removed so far.")]


@router.get("/targets/{int:target_id}/keeping", response=KeepingOut)
def get_keeping(request: HttpRequest, target_id: int, tried: Query[Tried]) -> KeepingOut:
    """Read what is kept of pages' earlier versions; with bounds, what these would free, changing nothing."""
    target = get_object_or_404(Target.objects.visible_to(caller(request).user), pk=target_id)
    saved = policy.of(target.keep)
    typed = tried.model_dump()
    rules = saved if not any(typed.values()) else Keeping(**typed)
    found = versions.outlook(target.pk, rules, now=timezone.now())
    return KeepingOut(
        rules=RulesOut(**asdict(rules)),
        saved=rules == saved,
        versions=found.versions,
        bytes=found.bytes,
        leaving=found.leaving,
        freed_bytes=found.freed_bytes,
        whole=found.is_whole,
        removed=target.versions_removed,
    )


class JudgedAgain(Schema):
    """How many changes are judged anew in the background."""

    changes: int


@router.post("/targets/{int:target_id}/judgement", response=JudgedAgain)
def judge_again(request: HttpRequest, target_id: int) -> JudgedAgain:
    """Have changes that were seen before judged by what the target ignores now; 409 where that is nothing."""
    target = get_object_or_404(Target.objects.visible_to(caller(request).user), pk=target_id)
    try:
        return JudgedAgain(changes=judging.judge_again(target))
    except judging.NothingToJudge as error:
        raise HttpError(409, str(error)) from error
