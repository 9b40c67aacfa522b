"""How fast pages come in, by the samples that `services.samples` takes.

Nothing here is truth: samples that are lost make a chart coarser, and a chart of a run
without samples is counted from its requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import CharField, Count, Q
from django.db.models.functions import Cast, Substr
from redis.exceptions import RedisError

from crawler.models import Request, RequestState, Run, RunState

ALL_RUNS = "speed:all"
COUNTABLE_REQUESTS = 50_000
LENGTH_OF_MINUTE, LENGTH_OF_SECOND = 16, 19


class Sample(NamedTuple):
    """What a run had at a Unix time; of all runs together, what came in since the sample before."""

    at: int
    pages: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """A run's speed over time: at each Unix time, what came in per minute since the time before."""

    times: tuple[int, ...] = ()
    pages: tuple[float, ...] = ()
    failures: tuple[float, ...] = ()


def key_of(run: Run) -> str:
    """Return where the cache has the samples of `run`."""
    return f"speed:run:{run.pk}"


def recall(key: str) -> list[Sample]:
    """Return the samples kept under `key`, oldest first; none while the cache is away."""
    try:
        return list(cache.get(key) or [])
    except (RedisError, OSError):
        return []


def per_minute(now: datetime) -> float | None:
    """Return how many pages came in during the last minute, all runs together; None when nobody looked."""
    samples = [sample for sample in recall(ALL_RUNS) if sample.at > now.timestamp() - 75]
    if len(samples) < 2:
        return None
    seconds = samples[-1].at - samples[0].at
    return 60 * sum(sample.pages for sample in samples[1:]) / max(1, seconds)


def overall() -> Rates:
    """Return the speed of the whole installation, as far back as there are samples."""
    pairs = list(pairwise(recall(ALL_RUNS)))
    return Rates(
        times=tuple(after.at for _, after in pairs),
        pages=tuple(60 * after.pages / max(1, after.at - before.at) for before, after in pairs),
        failures=tuple(60 * after.failures / max(1, after.at - before.at) for before, after in pairs),
    )


def of_run(run: Run) -> Rates:
    """Return the run's speed from its samples, or counted from its requests when there are too few."""
    samples = recall(key_of(run))
    if len(samples) >= 5:
        return _rates(samples)
    return _counted(run) if run.discovered <= COUNTABLE_REQUESTS else _rates(samples)


def current(run: Run, now: datetime) -> float | None:
    """Return the run's pages per minute now; None when that is not known."""
    samples = [sample for sample in recall(key_of(run)) if sample.at > now.timestamp() - 60]
    if run.state != RunState.RUNNING or not samples:
        return _mean(run)
    first = samples[0]
    seconds = now.timestamp() - first.at
    return 60 * (run.pages - first.pages) / seconds if seconds >= 5 else _mean(run)


def _rates(samples: list[Sample]) -> Rates:
    pairs = [(before, after) for before, after in pairwise(samples) if after.at > before.at]
    return Rates(
        times=tuple(after.at for _, after in pairs),
        pages=tuple(60 * (after.pages - before.pages) / (after.at - before.at) for before, after in pairs),
        failures=tuple(
            60 * (after.failures - before.failures) / (after.at - before.at) for before, after in pairs
        ),
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
