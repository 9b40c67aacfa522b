"""How near to each other the requests of one host are, by the log of the site that was asked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.manyhosts import has_crawl_delay

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.manyhosts import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Each gap between two requests of one host, in parts of what had been promised to the host."""

    parts: tuple[float, ...]
    most_at_once: int

    def kept(self, *, least: float) -> float:
        """Return which part of the gaps is at least that part of its delay."""
        return sum(part >= least for part in self.parts) / len(self.parts)

    def __str__(self) -> str:
        return (
            f"{len(self.parts):,} gaps, the smallest {min(self.parts):.3f} of its delay, "
            f"{100 * self.kept(least=0.95):.2f} % at least 0.95 of it; {self.most_at_once} at once at most"
        )


def of(hits: Iterable[Hit], *, delay: float, crawl_delay: float) -> Gaps:
    """Return the gaps of all hosts; robots.txt, which comes before its delay is known, opens none."""
    by_host: dict[int, list[Hit]] = defaultdict(list)
    most = 0
    for hit in hits:
        by_host[hit.host].append(hit)
        most = max(most, hit.at_once)
    parts = []
    for host, asked in by_host.items():
        promised = max(delay, crawl_delay if has_crawl_delay(host) else 0.0)
        for before, after in pairwise(sorted(asked, key=lambda hit: hit.at)):
            parts.append((after.at - before.at) / (delay if before.path == "/robots.txt" else promised))
    return Gaps(parts=tuple(parts), most_at_once=most)
