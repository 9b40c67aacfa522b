"""What an answer says of its host, written into the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import TimedOut
from crawler.frontier import politeness
from crawler.http import Failed, Fetched

if TYPE_CHECKING:
    from crawler.engine.held import HeldHost
    from crawler.http import Outcome


def note(host: HeldHost, outcome: Outcome) -> None:
    """Write the outcome into the host's ledger; ten failures of its own in a row open its circuit."""
    ledger = host.ledger
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


def earlier_failures(host: HeldHost) -> int:
    """Return how many failures in a row the host had before the one just noted."""
    return max(host.ledger.failures - 1, 0)
