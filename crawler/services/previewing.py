"""Does the test fetches that people asked for, on a worker; who only asks needs no engine."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from crawler import runner
from crawler.engine.findings import Held
from crawler.models import fields
from crawler.queries import previews
from crawler.services import bells


def run(*, draft: str, user: int, suggest: bool = False) -> dict[str, Any]:
    """Do a test fetch that `previews` was asked for; return a Finding as JSON."""
    opened = fields.read(draft)
    try:
        finding = runner.preview(
            opened["settings"],
            headers=opened["headers"],
            secrets={name: opened.get(name) for name in ("login", "proxies")},
            suggest=suggest,
        )
    finally:
        bells.ring_where_due(now=timezone.now())  # what waited on its hosts may have lost its slice
    if isinstance(finding, Held):
        person = get_user_model().objects.get(pk=user)
        holders, others = previews.holders(finding.origin, user=person)
        finding = replace(finding, runs=holders, others=others)
    return asdict(finding)
