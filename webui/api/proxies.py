"""How the proxies of targets do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from crawler.models import Target
from crawler.queries import proxies
from webui.api.auth import caller

router = Router(tags=["targets"])


class ProxyOut(Schema):
    """One proxy of a target, without its password, and what is known of it."""

    proxy: str
    failures: Annotated[int, Field(description="In a row, up to now; 0: it works as far as anybody knows.")]
    error: Annotated[str, Field(description="What went wrong last; empty once it has worked again.")]
    rests_until: Annotated[datetime | None, Field(description="Null: it has its turns.")]


class ProxyList(Schema):
    items: list[ProxyOut]


@router.get("/targets/{int:target_id}/proxies", response=ProxyList)
def get_proxies(request: HttpRequest, target_id: int) -> ProxyList:
    """Read how a target's proxies do, in the order of its setting; none of them is asked for that."""
    target = get_object_or_404(Target.objects.visible_to(caller(request).user), pk=target_id)
    found = proxies.lines(target, now=timezone.now())
    return ProxyList(
        items=[
            ProxyOut(proxy=one.proxy, failures=one.failures, error=one.error, rests_until=one.rests_until)
            for one in found
        ]
    )
