"""When a host may be asked again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.errors import TimedOut, TlsFailed, TruncatedBody, Unreachable
from crawler.http import Failed, Fetched

if TYPE_CHECKING:
    from crawler.http import Outcome

JITTER = 0.3
MEAN_GAP = 1.0 + JITTER / 2
"""By how much the gaps between requests are longer than the delay, on average."""

CIRCUIT_FAILURES = 10
CIRCUIT_FIRST = timedelta(minutes=5)
CIRCUIT_LONGEST = timedelta(hours=1)
LATENCY_MEMORY = 0.8
SLOW_FACTOR = 2.0
SLOW_MOST_SECONDS = 30.0
UNWELL_STATUSES = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast one host may be asked: seconds between two requests, and connections at once.

    One that `adapts` leaves a slow host more time. `because` says what made the delay longer than it
    was asked to be: "robots" or "slow", and nothing else.
    """

    delay_seconds: float = 1.0
    connections: int = 1
    adapts: bool = False
    because: str = ""


def combine(
    paces: list[Pace], *, crawl_delay_seconds: float | None, latency_seconds: float | None = None
) -> Pace:
    """Return the pace that hurts nobody: the longest delay and the fewest connections of all.

    A `Crawl-delay` of robots.txt and the latency of a host only ever slow it down.
    """
    if not paces:
        return Pace(delay_seconds=crawl_delay_seconds or Pace().delay_seconds)
    adapts = any(pace.adapts for pace in paces)
    delay, because = max(pace.delay_seconds for pace in paces), ""
    if crawl_delay_seconds is not None and crawl_delay_seconds > delay:
        delay, because = crawl_delay_seconds, "robots"
    if adapts and latency_seconds is not None and (slow := patience_seconds(latency_seconds)) > delay:
        delay, because = slow, "slow"
    return Pace(
        delay_seconds=delay,
        connections=min(pace.connections for pace in paces),
        adapts=adapts,
        because=because,
    )


def patience_seconds(latency_seconds: float) -> float:
    """Return how far apart two requests are to be on a host that answers in `latency_seconds`.

    Twice as long as it works on one, so that no crawl has it work for more than half of the time; 30 s
    at most. Scrapy's AutoThrottle leaves 1 latency by default, Heritrix 5 from 3 s on; the delay that is
    asked for anyway is longer than most hosts need.
    """
    return min(SLOW_FACTOR * latency_seconds, SLOW_MOST_SECONDS)


def adapts(*, delay_seconds: float, default_seconds: float) -> bool:
    """Say whether a delay leaves slow hosts more time: one below the default is a person's own choice."""
    return delay_seconds > 0 and delay_seconds >= default_seconds


def gap_seconds(pace: Pace, *, draw: float) -> float:
    """Return the seconds to the next request; `draw` in [0, 1) spreads them by up to 30 % above the delay.

    Never below the delay: what a person or a site asked for is a minimum.
    """
    return pace.delay_seconds * (1.0 + JITTER * draw)


def circuit_wait(failures: int, *, openings: int) -> timedelta | None:
    """Return how long a host is left alone after `failures` in a row; None while its circuit stays closed.

    Ten failures open it for five minutes, doubling with each of `openings` before, to an hour.
    """
    if failures < CIRCUIT_FAILURES:
        return None
    return min(CIRCUIT_FIRST * (1 << min(openings, 10)), CIRCUIT_LONGEST)


def smooth_latency(before: float | None, sample: float) -> float:
    """Return the host's latency in seconds, moved a little towards the newest sample."""
    return sample if before is None else LATENCY_MEMORY * before + (1 - LATENCY_MEMORY) * sample


def is_well(outcome: Outcome) -> bool | None:
    """Say whether a host served or failed; None where the failure was not its own but the page's."""
    match outcome:
        case Fetched(status=status):
            return status not in UNWELL_STATUSES
        case Failed(error=Unreachable() | TimedOut() | TlsFailed() | TruncatedBody()):
            return False
        case Failed():
            return None
