"""How planned runs fill the hours of a calendar."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

HOUR: Final = timedelta(hours=1)
SHORTEST: Final = timedelta(seconds=1)
LEAST_SHOWN: Final = 0.5
LEVELS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time during which a run sends requests evenly; `ends` may come before it has sent all."""

    begins: datetime
    ends: datetime
    requests_an_hour: float


def span(*, begins: datetime, requests: int, takes: timedelta, cut_at: datetime | None) -> Span:
    """Return when a run that `takes` so long for its requests sends them; the next run cuts it short."""
    takes = max(takes, SHORTEST)
    ends = begins + takes
    return Span(
        begins=begins,
        ends=min(ends, cut_at) if cut_at else ends,
        requests_an_hour=requests * (HOUR / takes),
    )


def hours(begins: datetime, ends: datetime, where: ZoneInfo) -> list[datetime]:
    """Return where the hours of the clocks of `where` begin, in UTC, from `begins` to `ends`."""
    edges = [begins.astimezone(UTC)]
    while edges[-1] < ends:
        local = edges[-1].astimezone(where)
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        edges.append(min(edges[-1] + HOUR - into, ends.astimezone(UTC)))
    return edges


def place(edges: Sequence[datetime], moment: datetime) -> int:
    """Return which of the hours between `edges` a moment lies in; -1 before the first."""
    return min(bisect_right(edges, moment) - 1, len(edges) - 1)


def loads(edges: Sequence[datetime], spans: Iterable[Span]) -> list[float]:
    """Return how many requests fall into each hour between `edges`."""
    lengths = [(later - sooner) / HOUR for sooner, later in pairwise(edges)]
    found = [0.0] * len(lengths)
    changes = [0.0] * (len(lengths) + 1)
    for part in spans:
        begins, ends = max(part.begins, edges[0]), min(part.ends, edges[-1])
        if begins >= ends:
            continue
        first, last = place(edges, begins), min(place(edges, ends), len(lengths) - 1)
        if first == last:
            found[first] += part.requests_an_hour * ((ends - begins) / HOUR)
            continue
        found[first] += part.requests_an_hour * ((edges[first + 1] - begins) / HOUR)
        found[last] += part.requests_an_hour * ((ends - edges[last]) / HOUR)
        changes[first + 1] += part.requests_an_hour
        changes[last] -= part.requests_an_hour
    through = accumulate(changes[:-1])
    return [part + rate * length for part, rate, length in zip(found, through, lengths, strict=True)]


def level(requests: float, *, most: float, starts: bool) -> int:
    """Return how the load of an hour compares with the largest, 1 to 4; 0 where nothing happens."""
    if requests < LEAST_SHOWN:
        return int(starts)
    return 1 + min(LEVELS - 1, int(LEVELS * requests / most))
