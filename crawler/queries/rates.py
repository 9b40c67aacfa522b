"""How fast pages come in: samples of the runs' counters, kept in the cache for charts and figures.

Nothing here is truth: samples that are lost make a chart coarser, and a chart of a run
without samples is counted from its requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.core.cache import cache
from django.db.models import CharField, Count, Q
from django.db.models.functions import Cast, Substr
from redis.exceptions import RedisError

from crawler.models import Request, RequestState, Run, RunState

EVERY = timedelta(seconds=4)
KEEP_TIME = timedelta(days=2)
MOST_SAMPLES = 480
MOST_RUNS = 200
COUNTABLE_REQUESTS = 50_000
LENGTH_OF_MINUTE, LENGTH_OF_SECOND = 16, 19

Sample = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """A run's speed over time: at each Unix time, what came in per minute since the time before."""

    times: tuple[int, ...] = ()
    pages: tuple[float, ...] = ()
    failures: tuple[float, ...] = ()


def note(now: datetime) -> None:
    """Keep a sample of every running run's counters; at most one every few seconds, whoever asks."""
    try:
        if cache.add("rates:turn", 1, timeout=EVERY.total_seconds()):
            _note(now)
    except (RedisError, OSError):
        return


def per_minute(now: datetime) -> float | None:
    """Return how many pages came in during the last minute, all runs together; None when nobody looked."""
    samples = [sample for sample in _recall("rates:all") if sample[0] > now.timestamp() - 75]
    if len(samples) < 2:
        return None
    seconds = samples[-1][0] - samples[0][0]
    return 60 * sum(sample[1] for sample in samples[1:]) / max(1, seconds)


def overall() -> Rates:
    """Return the speed of the whole installation, as far back as there are samples."""
    pairs = list(pairwise(_recall("rates:all")))
    return Rates(
        times=tuple(after[0] for _, after in pairs),
        pages=tuple(60 * after[1] / max(1, after[0] - before[0]) for before, after in pairs),
        failures=tuple(60 * after[2] / max(1, after[0] - before[0]) for before, after in pairs),
    )


def of_run(run: Run) -> Rates:
    """Return the run's speed from its samples, or counted from its requests when there are too few."""
    samples = _recall(f"rates:run:{run.pk}")
    if len(samples) >= 5:
        return _rates(samples)
    return _counted(run) if run.discovered <= COUNTABLE_REQUESTS else _rates(samples)


def current(run: Run, now: datetime) -> float | None:
    """Return the run's pages per minute now; None when that is not known."""
    samples = [sample for sample in _recall(f"rates:run:{run.pk}") if sample[0] > now.timestamp() - 60]
    if run.state != RunState.RUNNING or not samples:
        return _mean(run)
    first = samples[0]
    seconds = now.timestamp() - first[0]
    return 60 * (run.pages - first[1]) / seconds if seconds >= 5 else _mean(run)


def _note(now: datetime) -> None:
    at = int(now.timestamp())
    runs = _moving(now)
    kept: dict[str, list[Sample]] = cache.get_many([f"rates:run:{run.pk}" for run in runs])
    pages = failures = 0
    changed: dict[str, Any] = {}
    for run in runs:
        key = f"rates:run:{run.pk}"
        samples = kept.get(key) or _beginning(run)
        ended = int(run.finished_at.timestamp()) if run.finished_at else at
        sample = (min(at, ended), run.pages, run.failed + run.dead, run.items)
        pages += max(0, sample[1] - samples[-1][1]) if samples else 0
        failures += max(0, sample[2] - samples[-1][2]) if samples else 0
        changed[key] = _thinned([*samples, sample])
    changed["rates:all"] = _thinned([*_recall("rates:all"), (at, pages, failures, len(runs))], cut=True)
    cache.set_many(changed, timeout=KEEP_TIME.total_seconds())


def _moving(now: datetime) -> list[Run]:
    """Return the runs whose counters may have changed since the last sample."""
    running = Run.objects.filter(state=RunState.RUNNING, settled=False).order_by("-id")[:MOST_RUNS]
    newest = Run.objects.exclude(state=RunState.RUNNING).order_by("-id")[:MOST_RUNS]
    since = now - 3 * EVERY
    return [*running, *(run for run in newest if run.finished_at and run.finished_at >= since)]


def _beginning(run: Run) -> list[Sample]:
    return [(int(run.started_at.timestamp()), 0, 0, 0)] if run.started_at else []


def _thinned(samples: list[Sample], *, cut: bool = False) -> list[Sample]:
    """Return at most `MOST_SAMPLES`: the last ones, or every second one of a history that stays whole."""
    if len(samples) <= MOST_SAMPLES:
        return samples
    return samples[-MOST_SAMPLES:] if cut else [*samples[:-1:2], samples[-1]]


def _rates(samples: list[Sample]) -> Rates:
    pairs = [(before, after) for before, after in pairwise(samples) if after[0] > before[0]]
    return Rates(
        times=tuple(after[0] for _, after in pairs),
        pages=tuple(60 * (after[1] - before[1]) / (after[0] - before[0]) for before, after in pairs),
        failures=tuple(60 * (after[2] - before[2]) / (after[0] - before[0]) for before, after in pairs),
    )


def _counted(run: Run) -> Rates:
    """Count settled requests by second, or by minute in a run of more than ten minutes."""
    begin, end = run.started_at, run.finished_at
    long = begin is None or (end or begin + timedelta(hours=1)) - begin > timedelta(minutes=10)
    length, seconds = (LENGTH_OF_MINUTE, 60) if long else (LENGTH_OF_SECOND, 1)
    text = Substr(Cast("settled_at", CharField()), 1, length)
    rows = (
        Request.objects.filter(run=run, settled_at__isnull=False)
        .values_list(text)
        .annotate(
            done=Count("pk", filter=Q(state=RequestState.DONE)),
            lost=Count("pk", filter=Q(state__in=(RequestState.FAILED, RequestState.DEAD))),
        )
        .order_by()
    )
    counts = {_moment(stamp): (done, lost) for stamp, done, lost in rows}
    if not counts:
        return Rates()
    step = max(seconds, seconds * -(-(max(counts) - min(counts)) // (seconds * 120)))
    times = range(min(counts), max(counts) + step, step)
    return Rates(
        times=tuple(times),
        pages=_summed(counts, times, 0),
        failures=_summed(counts, times, 1),
    )


def _summed(counts: dict[int, tuple[int, int]], times: range, which: int) -> tuple[float, ...]:
    sums = [0] * len(times)
    for moment, pair in counts.items():
        sums[(moment - times.start) // times.step] += pair[which]
    return tuple(60 * total / times.step for total in sums)


def _moment(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp())


def _mean(run: Run) -> float | None:
    """Return the pages per minute from the start to the end of a run that has both."""
    if not (run.started_at and run.finished_at):
        return None
    seconds = (run.finished_at - run.started_at).total_seconds()
    return 60 * run.pages / seconds if seconds > 0 else None


def _recall(key: str) -> list[Sample]:
    try:
        return list(cache.get(key) or [])
    except (RedisError, OSError):
        return []
