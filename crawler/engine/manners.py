"""What an answer says of its host, written into the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crawler.errors import TimedOut
from crawler.frontier import politeness
from crawler.http import Failed, Fetched
from crawler.policy.retry import Past

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.engine.held import HeldHost
    from crawler.http import Outcome

HTTP2_ASKED_AFTER: Final = timedelta(days=7)
"""How long a host that offered no HTTP/2 is not asked for it again."""


def may_speak_http2(host: HeldHost, *, now: datetime) -> bool:
    """Say whether a host may be asked over HTTP/2: over TLS, and unless it was seen to lack it lately."""
    until = host.ledger.http1_until
    return host.origin.startswith("https:") and (until is None or until <= now)


def note_http2(host: HeldHost, outcome: Outcome, *, now: datetime) -> None:
    """Write into the ledger whether a host that was to be asked over HTTP/2 offers it."""
    if isinstance(outcome, Fetched):
        host.note(http1_until=None if outcome.http2 else now + HTTP2_ASKED_AFTER)


def note(host: HeldHost, outcome: Outcome) -> None:
    """Write the outcome into the host's ledger; ten failures of its own in a row open its circuit."""
    ledger = host.ledger
    note_dialling(host, outcome)
    status = str(outcome.status) if isinstance(outcome, Fetched) else outcome.error.code
    match politeness.is_well(outcome):
        case True:
            host.note(
                last_status=status,
                latency_seconds=politeness.smooth_latency(ledger.latency_seconds, outcome.elapsed_seconds),
                failures=0,
                circuit_openings=0,
                unavailable_since=None,
                hold_reason="",
            )
        case False:
            latency = ledger.latency_seconds
            if isinstance(outcome, Failed) and isinstance(outcome.error, TimedOut):
                latency = politeness.smooth_latency(latency, outcome.elapsed_seconds)
            host.note(last_status=status, failures=ledger.failures + 1, latency_seconds=latency)
        case None:
            host.note(last_status=status)
    wait = politeness.circuit_wait(host.ledger.failures, openings=ledger.circuit_openings)
    if wait is not None:
        host.rest(wait, because="circuit_open")
        host.note(circuit_openings=ledger.circuit_openings + 1, failures=0)


def note_dialling(host: HeldHost, outcome: Outcome) -> None:
    """Have the host's next request wait for as long as making the connection put this one off."""
    if isinstance(outcome, Fetched) and outcome.dial_seconds:
        host.was_sent_after(outcome.dial_seconds)


def past(host: HeldHost, *, overdue: bool = False) -> Past:
    """Return what came before the outcome that was just noted."""
    ledger = host.ledger
    return Past(failures=max(ledger.failures - 1, 0), rested=bool(ledger.hold_reason), overdue=overdue)
