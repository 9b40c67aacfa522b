"""What a tick does besides starting what is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.utils import timezone

from crawler.models import Run, RunState, Target
from crawler.queries import rates
from crawler.queue import Lane
from crawler.services import ticking
from crawler.stores import leases
from tests.crawling import a_run

if TYPE_CHECKING:
    from pytest_django import Settings

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_running_runs_are_sampled(settings: Settings) -> None:
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "ticking"}}
    cache.clear()  # it outlives a test, and a run of another may have had the same number
    target = Target.objects.create(name="Shop", start_urls=[])
    run = Run.objects.create(target=target, state=RunState.RUNNING, started_at=NOW, pages=20)

    ticking.tick(now=NOW + timedelta(seconds=10))

    assert [sample.pages for sample in rates.recall(rates.key_of(run))] == [0, 20]


@pytest.mark.django_db
@pytest.mark.parametrize(("crawling", "seconds"), [(False, 5), (True, 15)])
def test_message_that_nobody_answers_is_sent_again_and_sooner_while_nobody_crawls(
    rung: list[Lane], *, crawling: bool, seconds: int
) -> None:
    a_run("http://a.test/")
    if crawling:
        leases.begin(owner="somebody", lane=Lane.DEFAULT, node="node", now=timezone.now())
    now = timezone.now()

    ticking.tick(now=now)
    ticking.tick(now=now + timedelta(seconds=seconds - 1))
    assert rung == [Lane.DEFAULT]
    ticking.tick(now=now + timedelta(seconds=seconds + 1))
    assert rung == [Lane.DEFAULT] * 2
