"""Tests of how fast pages come in, by samples and by counting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import override_settings

from crawler.models import Host, Request, RequestState, Run, RunState, Target
from crawler.queries import rates
from crawler.services import samples

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def memory() -> Iterator[None]:
    backend = "django.core.cache.backends.locmem.LocMemCache"
    with override_settings(CACHES={"default": {"BACKEND": backend, "LOCATION": "rates"}}):
        yield
        cache.clear()


@pytest.fixture
def run(db: None) -> Run:
    target = Target.objects.create(name="Kontor", start_urls=[])
    return Run.objects.create(target=target, state=RunState.RUNNING, started_at=NOW)


def sample(run: Run, *, seconds: int, pages: int, failed: int = 0) -> None:
    Run.objects.filter(pk=run.pk).update(pages=pages, failed=failed)
    cache.delete(samples.TURN)
    samples.take(NOW + timedelta(seconds=seconds))


def test_speed_is_what_came_in_between_two_samples(memory: None, run: Run) -> None:
    for seconds, pages, failed in ((5, 10, 0), (10, 30, 0), (15, 30, 1), (20, 90, 1), (25, 91, 1)):
        sample(run, seconds=seconds, pages=pages, failed=failed)
    run.refresh_from_db()
    told = rates.of_run(run)
    assert list(told.pages) == [120, 240, 0, 720, 12]
    assert list(told.failures) == [0, 0, 12, 0, 0]
    assert told.times[0] == int(NOW.timestamp()) + 5


def test_one_sample_is_taken_however_many_ask(memory: None, run: Run) -> None:
    samples.take(NOW + timedelta(seconds=5))
    samples.take(NOW + timedelta(seconds=5))
    assert len(cache.get(rates.key_of(run))) == 2, "the beginning, and one sample"


def test_all_runs_together_make_the_installation_s_speed(memory: None, run: Run) -> None:
    other = Run.objects.create(target=run.target, state=RunState.RUNNING, started_at=NOW)
    sample(run, seconds=0, pages=0)
    sample(other, seconds=30, pages=20)
    sample(run, seconds=60, pages=40)
    assert rates.per_minute(NOW + timedelta(seconds=60)) == 60


def test_run_that_ended_between_two_samples_counts(memory: None, run: Run) -> None:
    cache.delete(samples.TURN)
    run.delete()
    samples.take(NOW)
    Run.objects.create(
        target=Target.objects.get(),
        state=RunState.FINISHED,
        settled=True,
        pages=50,
        started_at=NOW + timedelta(seconds=1),
        finished_at=NOW + timedelta(seconds=3),
    )
    cache.delete(samples.TURN)
    samples.take(NOW + timedelta(seconds=6))
    assert list(rates.overall().pages) == [500]


def test_speed_is_unknown_until_somebody_looked_twice(memory: None, run: Run) -> None:
    assert rates.per_minute(NOW) is None
    sample(run, seconds=0, pages=0)
    assert rates.per_minute(NOW) is None


def test_long_history_is_thinned_and_keeps_its_ends(memory: None, run: Run) -> None:
    for step in range(samples.MOST_SAMPLES + 40):
        sample(run, seconds=5 * step, pages=step)
    kept = cache.get(rates.key_of(run))
    assert len(kept) <= samples.MOST_SAMPLES
    assert kept[0].at == int(NOW.timestamp())
    assert kept[-1].pages == samples.MOST_SAMPLES + 39


def test_run_without_samples_is_counted_from_its_requests(memory: None, run: Run) -> None:
    host = Host.objects.create(origin="http://shop.test")
    for number, (second, state) in enumerate([(0, 2), (0, 2), (1, 2), (3, 3)]):
        Request.objects.create(
            run=run,
            host=host,
            backlog_id=1,
            key=bytes([number]) * 16,
            url=f"http://shop.test/{number}",
            state=RequestState(state),
            settled_at=NOW + timedelta(seconds=second, milliseconds=400),
        )
    Run.objects.filter(pk=run.pk).update(discovered=4, finished_at=NOW + timedelta(seconds=4))
    run.refresh_from_db()
    told = rates.of_run(run)
    assert list(told.pages) == [120, 60, 0, 0]
    assert list(told.failures) == [0, 0, 0, 60]


def test_ended_run_has_its_mean_speed(memory: None, run: Run) -> None:
    run.state, run.pages, run.finished_at = RunState.FINISHED, 90, NOW + timedelta(seconds=30)
    assert rates.current(run, NOW + timedelta(days=1)) == 180


def test_without_the_cache_nothing_breaks(run: Run) -> None:
    samples.take(NOW)
    assert rates.per_minute(NOW) is None
    assert rates.of_run(run) == rates.Rates()
    assert rates.overall() == rates.Rates()
