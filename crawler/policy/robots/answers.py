"""What the answer to a request for robots.txt means: a file, no rules, or nothing to believe yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from crawler.errors import NameNotFound, Refused
from crawler.http import Failed, Fetched, Headers, Outcome
from crawler.policy.retry import retry_after
from crawler.policy.robots.file import within_bounds

READ_BYTES: Final = 1_048_576
MAX_REDIRECTS: Final = 5
GOOD_COPY_LASTS: Final = timedelta(days=30)
"""How long a good copy stands in while the file cannot be fetched."""

_SHORTEST_TTL: Final = timedelta(hours=1)
_LONGEST_TTL: Final = timedelta(hours=24)
_TRY_AGAIN: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
_HOPELESS: Final = (NameNotFound, Refused)


class RobotsState(StrEnum):
    """What a host's ledger says of robots.txt; the words are stored."""

    UNKNOWN = ""
    USABLE = "usable"
    NONE = "none"
    UNREACHABLE = "unreachable"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Usable:
    """A file to obey for `ttl`."""

    body: bytes
    ttl: timedelta


@dataclass(frozen=True, slots=True)
class NoRules:
    """There is no file, so everything is allowed for `ttl`."""

    ttl: timedelta


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nothing is allowed, unless by a good copy; ask again after `retry_after`.

    `exhausted`: waiting promises nothing more, so what waits is skipped as `robots_unreachable`.
    """

    retry_after: timedelta
    reason: str
    exhausted: bool


Answer = Usable | NoRules | Unreachable


def judge(outcome: Outcome, *, failures: int, now: datetime | None = None) -> Answer:
    """Return what the answer to a request for /robots.txt means (RFC 9309 §2.3.1).

    `failures` counts the failed tries in a row before this one. A redirect here is one that was
    followed `MAX_REDIRECTS` times already, which counts as no file.
    """
    match outcome:
        case Fetched(status=status) if 200 <= status < 300:
            return Usable(within_bounds(outcome.body), _time_to_live(outcome.headers))
        case Fetched(status=429):
            return _unreachable(outcome, "status-429", failures=failures, now=now)
        case Fetched(status=status) if 300 <= status < 500 and status != 304:
            return NoRules(_time_to_live(outcome.headers))
        case Fetched(status=status):
            return _unreachable(outcome, f"status-{status}", failures=failures, now=now)
        case Failed(error=error):
            return _unreachable(
                None, error.code, failures=failures, now=now, final=isinstance(error, _HOPELESS)
            )
        case never:
            assert_never(never)


def _unreachable(
    response: Fetched | None, reason: str, *, failures: int, now: datetime | None, final: bool = False
) -> Unreachable:
    after = _TRY_AGAIN[min(failures, len(_TRY_AGAIN) - 1)]
    if response is not None and response.status in {429, 503}:
        after = max(after, retry_after(response.headers, now) or after)
    return Unreachable(after, reason, exhausted=final or failures + 1 >= len(_TRY_AGAIN))


def _time_to_live(headers: Headers) -> timedelta:
    """Keep a file for 24 h; Cache-Control may shorten that to 1 h (RFC 9309 §2.4, RFC 9111 §5.2.2)."""
    control = headers.joined("Cache-Control").lower()
    if "no-store" in control or "no-cache" in control:
        return _SHORTEST_TTL
    found = re.search(r"max-age\s*=\s*\"?([0-9]{1,9})", control)
    if found is None:
        return _LONGEST_TTL
    return min(max(timedelta(seconds=int(found[1])), _SHORTEST_TTL), _LONGEST_TTL)
