"""What to do about the outcome of a fetch: accept it, try again later, or give up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, assert_never

from crawler.errors import ProxyFailed, TimedOut, TlsFailed, TruncatedBody, Unreachable
from crawler.http import Failed, Fetched

if TYPE_CHECKING:
    from crawler.http import Headers, Outcome

SHORTEST_WAIT: Final = timedelta(seconds=1)
LONGEST_WAIT: Final = timedelta(hours=24)

_PASSING: Final = (Unreachable, TimedOut, TlsFailed, TruncatedBody, ProxyFailed)
_ASKS_TO_WAIT: Final = frozenset({429, 503})
_STEP_BACK: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Accept:
    """A page to read, or 304: the one we have is still right."""

    page: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try again `after` that long.

    `host_wide`: nothing may be sent to the host until then; the request itself waits for so much longer
    as `behind` says. `counts`: it uses up one of the request's attempts; a host that asks us to wait
    costs none.
    """

    after: timedelta
    reason: str
    host_wide: bool
    counts: bool
    behind: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Final; `reason` is a code of `crawler.errors`."""

    reason: str


Verdict = Accept | Retry | GiveUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What came before an outcome: `failures` of the host in a row.

    `rested`: it was left alone for that, and has served nothing since. `overdue`: the run has lasted for
    as long as a host is waited for.
    """

    failures: int = 0
    rested: bool = False
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A server that names its own delay is believed; otherwise the delay doubles."""

    max_attempts: int = 3
    base_delay: timedelta = timedelta(seconds=5)
    max_delay: timedelta = timedelta(minutes=15)
    statuses: frozenset[int] = frozenset({408, 425, 500, 502, 504, *range(520, 530)})

    def has_more(self, *, attempt: int) -> bool:
        """Say whether anything is tried once more after attempt number `attempt` (from 1)."""
        return attempt < self.max_attempts

    def decide(
        self,
        outcome: Outcome,
        *,
        attempt: int,
        jitter: float,
        now: datetime | None = None,
        past: Past = Past(),
    ) -> Verdict:
        """Return what to do with `outcome`, the result of attempt number `attempt` (from 1).

        `jitter` is random in [0, 1); `now` is when the response came, for a Retry-After that is a date.
        """
        match outcome:
            case Fetched(status=status) if 200 <= status < 300 or status == 304:
                return Accept(outcome)
            case Fetched(status=status) if status in _ASKS_TO_WAIT:
                return self._wait(outcome, attempt=attempt, jitter=jitter, now=now, past=past)
            case Fetched(status=status) if status in self.statuses:
                return self._again(f"status-{status}", attempt=attempt, jitter=jitter)
            case Fetched(status=status):
                return GiveUp(f"status-{status}")
            case Failed(error=error) if isinstance(error, _PASSING):
                return self._again(error.code, attempt=attempt, jitter=jitter)
            case Failed(error=error):
                return GiveUp(error.code)
            case never:
                assert_never(never)

    def _wait(
        self, response: Fetched, *, attempt: int, jitter: float, now: datetime | None, past: Past
    ) -> Verdict:
        """Wait as long as the server says; else anything up to a bound that doubles (full jitter).

        It may be this page alone that cannot be had. So others go first where the host said so before,
        and in a run that is overdue a wait counts: one that never answers otherwise would keep all
        others waiting, or the run from its end.
        """
        reason = f"status-{response.status}"
        if past.overdue and attempt >= self.max_attempts:
            return GiveUp(reason)
        after = retry_after(response.headers, now)
        if after is None:
            after = max(SHORTEST_WAIT, self._doubled(past.failures) * jitter)
        behind = min(max(after, _STEP_BACK), self.max_delay) if past.rested else timedelta()
        return Retry(after=after, reason=reason, host_wide=True, counts=past.overdue, behind=behind)

    def _again(self, reason: str, *, attempt: int, jitter: float) -> Verdict:
        if not self.has_more(attempt=attempt):
            return GiveUp(reason)
        # between half the bound and all of it, so that each wait is longer than the one before
        after = self._doubled(attempt - 1) * (0.5 + jitter / 2)
        return Retry(after=after, reason=reason, host_wide=False, counts=True)

    def _doubled(self, times: int) -> timedelta:
        return min(self.max_delay, self.base_delay * (1 << min(times, 20)))


def retry_after(headers: Headers, now: datetime | None) -> timedelta | None:
    """Return how long the server asks us to wait, between 1 s and 24 h (RFC 9110 §10.2.3).

    A date counts from the response's own Date, whatever our clock says, or from `now`. None when
    there is no Retry-After or nothing can be read from it.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        seconds = int(text[:9])
        return min(max(timedelta(seconds=seconds), SHORTEST_WAIT), LONGEST_WAIT)
    until = http_date(text)
    since = http_date(headers.get("Date", "")) or now
    if until is None or since is None:
        return None
    return min(max(until - since, SHORTEST_WAIT), LONGEST_WAIT)


def http_date(text: str) -> datetime | None:
    """Read an HTTP date in any of its three forms (RFC 9110 §5.6.7); None when it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
