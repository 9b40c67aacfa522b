"""How far a crawl is, in one line of text."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crawler.errors import explain_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.models import ProblemKind
    from crawler.queries.runs import Reason

RATE_OVER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A run at one moment.

    `pages_now` are those of this terminal, after `seconds`, where the run was resumed; `rate` is
    pages per second lately; `queued` counts what is in flight, too.
    """

    pages: int
    pages_now: int
    items: int
    errors: int
    queued: int
    discovered: int
    bytes: int
    rate: float
    seconds: float

    @property
    def settled(self) -> int:
        return self.discovered - self.queued


class Speed:
    """Pages per second over the last seconds, from samples of how many pages there are."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def note(self, seconds: float, pages: int) -> float:
        """Take a sample and return the speed."""
        self._samples.append((seconds, pages))
        while len(self._samples) > 2 and seconds - self._samples[0][0] > RATE_OVER_SECONDS:
            self._samples.popleft()
        since, before = self._samples[0]
        return (pages - before) / (seconds - since) if seconds > since else 0.0


def progress(figures: Figures) -> str:
    """Return the line that is drawn while a crawl goes on."""
    return "  ".join(
        (
            f"{figures.pages:,} pages",
            f"{figures.rate:,.1f}/s",
            f"{figures.queued:,} queued",
            f"{figures.errors:,} errors",
            size(figures.bytes),
            clock(figures.seconds),
        )
    )


def summary(figures: Figures, *, run: int, state: str, reasons: Iterable[Reason]) -> list[str]:
    """Return the lines that end a crawl."""
    rate = figures.pages_now / figures.seconds if figures.seconds > 0 else 0.0
    head = (
        f"run {run} {state}: {count(figures.pages, 'page')}, {count(figures.items, 'item')}, "
        f"{count(figures.errors, 'error')}, {size(figures.bytes)} "
        f"in {figures.seconds:,.1f} s ({rate:,.1f} pages/s)"
    )
    return [head, *(f"  {reason.count:,} {reason.state}: {reason.reason}" for reason in reasons)]


def lacking(kinds: Sequence[ProblemKind], *, most: int) -> list[str]:
    """Return a line for each of the `most` frequent kinds of problems, and one for all the others."""
    rest = sum(kind.count for kind in kinds[most:])
    others = [f"  {count(rest, 'problem')} of other kinds"] if rest else []
    return [*map(_lack, kinds[:most]), *others]


def _lack(kind: ProblemKind) -> str:
    what = f"{kind.code} in {kind.field}" if kind.field else kind.code
    words = explain_problem(kind.code)
    line = f"  {count(kind.count, 'problem')} on {count(kind.pages, 'page')}: {what}"
    return f"{line}, {words}" if words else line


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(octets: int) -> str:
    """Return a number of bytes in the largest unit that leaves something before the point."""
    amount = float(octets)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} GB"


def clock(seconds: float) -> str:
    """Return a duration as h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
