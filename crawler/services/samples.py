"""Samples of how far runs are, taken into the cache every few seconds, for charts and figures of speed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.core.cache import cache
from redis.exceptions import RedisError

from crawler.models import Run, RunState
from crawler.queries import rates
from crawler.queries.rates import ALL_RUNS, Sample

if TYPE_CHECKING:
    from datetime import datetime

TURN: Final = "speed:turn"
EVERY: Final = timedelta(seconds=4)
KEEP_TIME: Final = timedelta(days=2)
MOST_SAMPLES: Final = 480
MOST_RUNS: Final = 200


def take(now: datetime) -> None:
    """Keep a sample of every running run's counters; at most one every few seconds, whoever asks."""
    try:
        if cache.add(TURN, 1, timeout=EVERY.total_seconds()):
            _take(now)
    except (RedisError, OSError):
        return


def _take(now: datetime) -> None:
    at = int(now.timestamp())
    runs = _moving(now)
    kept: dict[str, list[Sample]] = cache.get_many([rates.key_of(run) for run in runs])
    pages = failures = 0
    changed: dict[str, list[Sample]] = {}
    for run in runs:
        key = rates.key_of(run)
        samples = kept.get(key) or _beginning(run)
        sample = _sample(run, at)
        pages += max(0, sample.pages - samples[-1].pages) if samples else 0
        failures += max(0, sample.failures - samples[-1].failures) if samples else 0
        changed[key] = _thinned([*samples, sample])
    together = [*rates.recall(ALL_RUNS), Sample(at=at, pages=pages, failures=failures)]
    cache.set_many(changed | {ALL_RUNS: together[-MOST_SAMPLES:]}, timeout=KEEP_TIME.total_seconds())


def _moving(now: datetime) -> list[Run]:
    """Return the runs whose counters may have changed since the last sample."""
    running = Run.objects.filter(state=RunState.RUNNING, settled=False).order_by("-id")[:MOST_RUNS]
    newest = Run.objects.exclude(state=RunState.RUNNING).order_by("-id")[:MOST_RUNS]
    since = now - 3 * EVERY
    return [*running, *(run for run in newest if run.finished_at and run.finished_at >= since)]


def _sample(run: Run, at: int) -> Sample:
    ended = int(run.finished_at.timestamp()) if run.finished_at else at
    return Sample(at=min(at, ended), pages=run.pages, failures=run.failed + run.dead)


def _beginning(run: Run) -> list[Sample]:
    return [Sample(at=int(run.started_at.timestamp()), pages=0, failures=0)] if run.started_at else []


def _thinned(samples: list[Sample]) -> list[Sample]:
    """Return at most `MOST_SAMPLES` of a history that stays whole: every second one when there are more."""
    return samples if len(samples) <= MOST_SAMPLES else [*samples[:-1:2], samples[-1]]
