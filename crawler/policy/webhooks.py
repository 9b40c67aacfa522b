"""How webhooks are signed, and what to do when a receiver does not take one (Standard Webhooks 1.0)."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, assert_never

from crawler.http import Failed, Fetched, Outcome
from crawler.policy.retry import retry_after

PREFIX: Final = "whsec_"
KEY_BYTES: Final = 32
GONE: Final = 410

# Between eight tries, 21 hours in all: a receiver that is down for a night misses nothing.
DELAYS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600)
)
TRIES: Final = len(DELAYS) + 1


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver took it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """The receiver did not take it; ask again `after` so long."""

    after: timedelta
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """Nothing more is tried; `gone` when the receiver wants no more of them at all."""

    reason: str
    gone: bool = False


Verdict = Delivered | TryAgain | GivenUp


def secret_of(key: bytes) -> str:
    """Return a signing secret as receivers' libraries read it."""
    return PREFIX + b64encode(key).decode()


def headers_for(*, secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows the message, its time, and that it is ours."""
    seconds = str(int(at.timestamp()))
    signed = f"{message_id}.{seconds}.".encode() + body
    key = b64decode(secret.removeprefix(PREFIX))
    signature = b64encode(hmac.new(key, signed, sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
    }


def decide(outcome: Outcome, *, tries: int, jitter: float, now: datetime) -> Verdict:
    """Return what follows from try number `tries` (from 1).

    Any 2xx is taken, 410 ends the webhook, and whatever else there is may pass: it is tried again, later
    each time and not before the receiver's own Retry-After. `jitter` in [0, 1) adds up to a tenth.
    """
    match outcome:
        case Fetched(status=status) if 200 <= status < 300:
            return Delivered()
        case Fetched(status=status) if status == GONE:
            return GivenUp(reason=f"status-{status}", gone=True)
        case Fetched(status=status):
            reason, asked = f"status-{status}", retry_after(outcome.headers, now)
        case Failed(error=error):
            reason, asked = error.code, None
        case never:
            assert_never(never)
    if tries >= TRIES:
        return GivenUp(reason=reason)
    wait = DELAYS[tries - 1] * (1 + jitter / 10)
    return TryAgain(after=max(wait, asked or timedelta(0)), reason=reason)


def latest_wait(tries: int) -> timedelta:
    """Return how long to leave a message alone whose try number `tries` nobody reported on.

    Never so short that the try may still be under way.
    """
    return max(DELAYS[min(tries, len(DELAYS)) - 1], timedelta(minutes=1))
