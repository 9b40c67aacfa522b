"""How large a fault test is, and how long the lengths of its installation: quick, or the full form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
MEAN_WAIT = 1.15  # a delay is lengthened by 0 to 30 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The size of a crawl, and the lengths that the installation is given as settings.

    `tick_seconds` and `reconcile_seconds` are what beat's entries are set to.
    """

    name: str
    pages: int
    hosts: int
    environment: Mapping[str, str]
    tick_seconds: float
    reconcile_seconds: float
    lease_seconds: float
    slice_seconds: float

    def of(self, *, quick: T, full: T) -> T:
        """Return what this scale takes of two."""
        return full if self is FULL else quick

    def delay_for(self, seconds: float) -> float:
        """Return the delay with which an undisturbed crawl takes at least about `seconds`."""
        return seconds / (self.pages / self.hosts) / MEAN_WAIT


FULL = Scale(
    name="full",
    pages=5_000,
    hosts=20,
    environment={},
    tick_seconds=5,
    reconcile_seconds=15,
    lease_seconds=60,
    slice_seconds=30,
)
SHORT_LEASE = {"LEASE_SECONDS": "3", "SEND_SECONDS": "2.2", "RENEW_SECONDS": "0.75"}
"""The shortest there is, for quick forms that wait for several."""

QUICK = Scale(
    name="quick",
    pages=240,
    hosts=6,
    environment={
        "SLICE_SECONDS": "3",
        "SOFT_LIMIT_SECONDS": "15",
        "HARD_LIMIT_SECONDS": "18",
        "REDELIVER_SECONDS": "30",
        "RENEW_SECONDS": "1.5",
        "SEND_SECONDS": "4.5",
        "LEASE_SECONDS": "6",
        "RING_SECONDS": "1.5",
    },
    tick_seconds=0.5,
    reconcile_seconds=1.5,
    lease_seconds=6,
    slice_seconds=3,
)
