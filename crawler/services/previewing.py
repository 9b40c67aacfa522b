"""Does the test fetches that people asked for, on a worker; who only asks needs no engine."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from crawler import runner
from crawler.engine.findings import Held, Shown
from crawler.models import fields
from crawler.queries import previews
from crawler.services import bells, suggestions

if TYPE_CHECKING:
    from crawler.http import Fetched


def run(
    *, draft: str, user: int, suggest: bool = False, behind: bool = False, target: int | None = None
) -> dict[str, Any]:
    """Do a test fetch that `previews` was asked for; return a Finding as JSON.

    What is suggested for a page of a `target` is completed by its stored pages, where that can be.
    """
    opened = fields.read(draft)
    kept: list[Fetched] = []
    try:
        finding = runner.preview(
            opened["settings"],
            headers=opened["headers"],
            secrets={name: opened.get(name) for name in ("login", "proxies")},
            suggest=suggest,
            behind=behind,
            keep=kept.append,
        )
    finally:
        bells.ring_where_due(now=timezone.now())  # what waited on its hosts may have lost its slice
    if isinstance(finding, Held):
        person = get_user_model().objects.get(pk=user)
        holders, others = previews.holders(finding.origin, user=person)
        finding = replace(finding, runs=holders, others=others)
    if target is not None and isinstance(finding, Shown) and finding.suggestions is not None:
        found = suggestions.with_stored(finding.suggestions, listed=runner.stored(kept[-1]), target=target)
        finding = replace(finding, suggestions=found)
    return asdict(finding)
