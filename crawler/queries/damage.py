"""On how many pages of runs there were problems, by their code: what a run had, and what is usual."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from crawler.models import ProblemKind, Run, RunState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LOOKED_BACK: Final = 10
READING: Final = ("scraper", "options", "row", "fields", "key")
"""The settings of a run that say which pages have records."""


def of(runs: Iterable[int]) -> dict[int, Counter[str]]:
    """Return the pages with problems by run and code; a page counts once for each field."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    kinds = ProblemKind.objects.filter(run__in=list(runs)).order_by("pk")
    for run, code, pages in kinds.values_list("run", "code", "pages"):
        found[run][code] += pages
    return found


def usual(run: Run, codes: Iterable[str]) -> Mapping[str, float]:
    """Return the least part of the pages that had such problems in runs before which read the same way.

    Nothing where there was none: what a first run has is not usual.
    """
    before = Run.objects.whole().filter(
        target=run.target_id, state=RunState.FINISHED, pk__lt=run.pk, pages__gt=0
    )
    rows = before.order_by("-pk").values_list("pk", "pages", "settings")[:LOOKED_BACK]
    alike = {pk: pages for pk, pages, said in rows if _reading(said) == _reading(run.settings)}
    had = of(alike)
    if not alike:
        return {}
    return {code: min(had[pk][code] / pages for pk, pages in alike.items()) for code in codes}


def _reading(settings: Mapping[str, object]) -> list[object]:
    return [settings.get(key) for key in READING]
