"""How much one slice takes: hosts of the installation, requests of a host."""

from __future__ import annotations

import math

from crawler.frontier.turns import AGEING_EVERY

MOST_HOSTS = 500
LOOK_AHEAD_SECONDS = 2.0
FIRST_BATCH = 32
LARGEST_BATCH = 2000


def fair_share(*, hosts: int, slices: int) -> int:
    """Return how many hosts one of `slices` live slices may hold when `hosts` have due work."""
    return min(max(math.ceil(hosts / max(slices, 1)), 1), MOST_HOSTS)


def aged(room: int) -> int:
    """Return how many of `room` hosts to give to those that have waited longest, however urgent the others.

    As large a part as of the turns within a host: so bulk work goes on where more urgent hosts are due than
    all slices may hold.
    """
    return room // AGEING_EVERY


def batch(*, delay_seconds: float, connections: int, rate: float, budget_seconds: float) -> int:
    """Return how many requests of a host to hold: what can politely be sent in the next 2 s, at least one.

    `rate` is the requests per second that the host was seen to take; without a delay it is
    the only bound there is.
    """
    ahead = min(LOOK_AHEAD_SECONDS, max(budget_seconds, 0.0))
    if delay_seconds > 0:
        return max(1, min(int(ahead / delay_seconds), LARGEST_BATCH))
    return max(FIRST_BATCH * min(connections, 4), min(int(ahead * rate), LARGEST_BATCH))
