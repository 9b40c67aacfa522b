"""What a tick does besides starting what is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crawler.models import Run, RunState, Target
from crawler.queries import rates
from crawler.services import ticking

if TYPE_CHECKING:
    from pytest_django import Settings

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_running_runs_are_sampled(settings: Settings) -> None:
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "ticking"}}
    target = Target.objects.create(name="Shop", start_urls=[])
    run = Run.objects.create(target=target, state=RunState.RUNNING, started_at=NOW, pages=20)

    ticking.tick(now=NOW + timedelta(seconds=10))

    assert [sample.pages for sample in rates.recall(rates.key_of(run))] == [0, 20]
