"""What the pages of a run did not give, for display: counts by kind, and sample pages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.models import ProblemKind, ProblemSample
from crawler.queries.paging import Listing, listing

if TYPE_CHECKING:
    from crawler.models import Run

SHOWN_SAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One kind of problem with its first sample pages."""

    kind: ProblemKind
    samples: tuple[ProblemSample, ...] = ()


def kinds(run: Run) -> tuple[ProblemKind, ...]:
    """Return the kinds of problems of `run`, most frequent first: at most about a hundred."""
    return tuple(ProblemKind.objects.filter(run=run).order_by("-count", "code", "field"))


def shown(run: Run) -> tuple[Shown, ...]:
    """Return the kinds of problems of `run`, most frequent first, each with a few sample pages."""
    if not run.problems:
        return ()
    samples: dict[tuple[str, str], list[ProblemSample]] = defaultdict(list)
    first = ProblemSample.objects.filter(run=run, number__lte=SHOWN_SAMPLES)
    for sample in first.order_by("code", "field", "number"):
        samples[sample.code, sample.field].append(sample)
    return tuple(Shown(kind=kind, samples=tuple(samples[kind.code, kind.field])) for kind in kinds(run))


def samples(
    run: Run,
    *,
    code: str | None = None,
    field: str | None = None,
    cursor: str | None = None,
    size: int = 100,
) -> Listing[ProblemSample]:
    """Return a page of the sample pages of `run`, as they were met, of one kind or all. Raises BadCursor."""
    found = ProblemSample.objects.filter(run=run)
    if code is not None:
        found = found.filter(code=code)
    if field is not None:
        found = found.filter(field=field)
    return listing(found, order=("id",), cursor=cursor, size=size)
