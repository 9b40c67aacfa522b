"""Counts what a run's pages did not give, by kind, and keeps samples of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.errors import MORE_PROBLEMS
from crawler.stores import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.engine.work import ProblemRecord
    from crawler.stores.items import Place

    Kind = tuple[int, str, str]
    Page = tuple[str, int, str]

SAMPLES_A_KIND = 100
KINDS_A_RUN = 100


class ProblemBook:
    """Keeps in mind which kinds a run has, so that no run has them without end."""

    def __init__(self) -> None:
        self._kinds: dict[int, set[tuple[str, str]]] = {}

    def save(self, found: Iterable[tuple[Place, Sequence[ProblemRecord]]]) -> None:
        """Count the problems of pages, and keep the first hundred pages of each kind.

        The rows are locked in the order of their keys, after all else but the runs' own.
        """
        pages: dict[Kind, list[Page]] = {}
        for claim, problems in found:
            for problem in problems:
                kind = self._kind(claim.rules.run, problem)
                pages.setdefault(kind, []).append((claim.url, problem.count, problem.message))
        samples = [sample for kind in sorted(pages) for sample in _count(kind, pages[kind])]
        sql.execute_many(SAMPLE, samples)

    def _kind(self, run: int, problem: ProblemRecord) -> Kind:
        if run not in self._kinds:
            rows = sql.select("SELECT code, field FROM crawler_problemkind WHERE run_id = %s", [run])
            self._kinds[run] = {(code, field) for code, field in rows}
        known = self._kinds[run]
        if (problem.code, problem.field) not in known and len(known) >= KINDS_A_RUN:
            return run, MORE_PROBLEMS, ""
        known.add((problem.code, problem.field))
        return run, problem.code, problem.field


def _count(kind: Kind, pages: Sequence[Page]) -> list[tuple[object, ...]]:
    """Add pages to a kind; return those that are samples of it, numbered on."""
    problems = sum(count for _url, count, _message in pages)
    total = sql.select(COUNT, [*kind, problems, len(pages)])[0][0]
    before = total - len(pages)
    kept = pages[: max(SAMPLES_A_KIND - before, 0)]
    return [(*kind, before + n, url, message) for n, (url, _count, message) in enumerate(kept, start=1)]


COUNT = (
    "INSERT INTO crawler_problemkind (run_id, code, field, count, pages) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT (run_id, code, field) DO UPDATE SET count = crawler_problemkind.count + excluded.count, "
    "pages = crawler_problemkind.pages + excluded.pages RETURNING pages"
)
SAMPLE = (
    "INSERT INTO crawler_problemsample (run_id, code, field, number, url, message) "
    "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
