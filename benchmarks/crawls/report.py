"""What the samples say: medians, ratios to `wget -r`, and what a crawler left out."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.crawls.contenders import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from benchmarks.crawls.contenders import Contender
    from benchmarks.crawls.measuring import Sample
    from benchmarks.crawls.places import Place

HEAD = (
    "| crawler | pages/s | × wget | CPU µs/page | × wget | MiB | pages | missing | items | twice |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One crawler on one site; ratios are medians of those within each round, None without wget."""

    crawler: str
    pages_per_second: float
    speed_ratio: float | None
    cpu_us_a_page: float
    cpu_ratio: float | None
    peak_mib: float
    pages: int
    missing: int
    items: int | None
    twice: int

    def line(self) -> str:
        """Return the row of the table."""
        cells = (
            self.crawler,
            f"{self.pages_per_second:,.0f}",
            _ratio(self.speed_ratio),
            f"{self.cpu_us_a_page:,.0f}",
            _ratio(self.cpu_ratio),
            f"{self.peak_mib:,.0f}",
            f"{self.pages:,}",
            f"{self.missing:,}",
            "–" if self.items is None else f"{self.items:,}",
            f"{self.twice:,}",
        )
        return f"| {' | '.join(cells)} |"


@dataclass(slots=True)
class Results:
    """The samples of one site by crawler, a round after the other, and what starting each took."""

    place: Place
    starts: Mapping[str, Sample]
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def add(self, contender: Contender, sample: Sample) -> None:
        self.samples.setdefault(contender.name, []).append(sample)

    @property
    def expected(self) -> frozenset[str]:
        """The pages of the site, or what all crawlers found of it together."""
        if self.place.pages is not None:
            return self.place.pages
        return frozenset().union(*(sample.pages for each in self.samples.values() for sample in each))

    def rows(self, contenders: Iterable[Contender]) -> list[Row]:
        return [self._row(contender) for contender in contenders]

    def _row(self, contender: Contender) -> Row:
        samples, expected = self.samples[contender.name], self.expected
        return Row(
            crawler=contender.name,
            pages_per_second=median(map(_speed, samples)),
            speed_ratio=self._ratio(contender.name, lambda _name, sample: _speed(sample)),
            cpu_us_a_page=median(self._cpu(contender.name, sample) for sample in samples),
            cpu_ratio=self._ratio(contender.name, self._cpu),
            peak_mib=median(sample.peak_mib for sample in samples),
            pages=min(len(sample.pages) for sample in samples),
            missing=max(len(expected - sample.pages) for sample in samples),
            items=min(sample.items for sample in samples) if contender.writes_items else None,
            twice=max(sample.twice for sample in samples),
        )

    def _cpu(self, name: str, sample: Sample) -> float:
        """Return the microseconds of CPU of each page but the first, starting and ending left out."""
        more = sample.cpu_seconds - self.starts[name].cpu_seconds
        return 1e6 * more / max(sample.requests - 1, 1)

    def _ratio(self, name: str, measure: Callable[[str, Sample], float]) -> float | None:
        pairs = zip(self.samples[name], self.samples.get(REFERENCE, ()), strict=False)
        ratios = [measure(name, own) / measure(REFERENCE, other) for own, other in pairs]
        return median(ratios) if ratios else None


def _speed(sample: Sample) -> float:
    return sample.requests / sample.seconds if sample.seconds else float("inf")


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def python_loop_ms() -> float:
    """Return the CPU that a loop of plain Python takes, the least of three.

    Builds of one version differ by half of that: those with profile-guided optimisation are the quicker ones.
    """
    return min(_loop_seconds() for _ in range(3)) * 1e3


def _loop_seconds() -> float:
    began = time.thread_time()
    found: dict[int, int] = {}
    for number in range(100_000):
        found[number % 1_000] = found.get(number % 997, 0) + len(str(number))
    return time.thread_time() - began


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "python_loop_ms": round(python_loop_ms(), 1),
        "load": round(os.getloadavg()[0], 2),
    }
