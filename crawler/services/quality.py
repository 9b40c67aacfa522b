"""Judges the data of runs that have finished: by the target's rules, and by what was usual before."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler.models import EventKind, Run, RunState
from crawler.policy.quality import FEWEST_RUNS, FieldFigures, Rules, Statistics, breaches, drifts
from crawler.queries import exports
from crawler.services import events

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MOST_ITEMS: Final = 100_000
"""The figures are of so many records at most, those that the target has had longest."""
PAST_RUNS: Final = 5
LOOKED_BACK: Final = 30
MOST_EVENTS: Final = 20


def examine(run: Run) -> dict[str, Any] | None:
    """Return the figures of a run's records, what breaks rules and what drifts; None for what is not judged.

    That is a run which did not finish, refreshes chosen pages, or is a terminal's.
    """
    target = run.target
    if run.state != RunState.FINISHED or not run.is_whole or target.hidden:
        return None
    rules = Rules.read(target.quality)
    statistics = Statistics(unique=rules.unique)
    for row in islice(exports.rows(target=target, run=run), MOST_ITEMS):
        statistics.add({name: value for name, value in row.items() if not name.startswith("_")})
    figures = statistics.figures()
    past, fewest = _past(run) if rules.drift else ([], FEWEST_RUNS)
    tried = run.done + run.failed + run.dead
    broken = breaches(
        rules, items=run.items, errors=(run.failed + run.dead) / tried if tried else 0.0, figures=figures
    )
    return {
        "items": run.items,
        "examined": statistics.items,
        "fields": {name: known.as_json() for name, known in figures.items()},
        "breaches": [breach.as_json() for breach in broken],
        "drifts": [breach.as_json() for breach in drifts(run.items, figures, past, fewest=fewest)],
        "accepted": False,
    }


def note(run: Run, said: Mapping[str, Any], *, now: datetime) -> None:
    """Write what a run's report says, with an event for each breach and drift where it is new.

    A report that is written again keeps what was said of the data, and what a person said to that.
    """
    with transaction.atomic():
        row = Run.objects.select_for_update().only("report").get(pk=run.pk)
        data = row.report.get("data")
        run.report = {**said, "data": data} if data else dict(said)
        Run.objects.filter(pk=run.pk).update(report=run.report)
        if not data and said.get("data"):
            _tell(run, said["data"], now=now)


def accept(run: Run) -> bool:
    """Take what a run's data looks like for usual from now on; return whether it had drifted."""
    with transaction.atomic():
        row = Run.objects.select_for_update().only("report").get(pk=run.pk)
        data = row.report.get("data")
        if not data or not data["drifts"] or data["accepted"]:
            return False
        Run.objects.filter(pk=run.pk).update(report={**row.report, "data": {**data, "accepted": True}})
        return True


def _tell(run: Run, data: Mapping[str, Any], *, now: datetime) -> None:
    told = [(EventKind.DATA_BREACH, one) for one in data["breaches"]]
    told += [(EventKind.DATA_DRIFT, one) for one in data["drifts"]]
    for kind, breach in told[:MOST_EVENTS]:
        events.record(kind, target=run.target_id, run=run.pk, now=now, items=run.items, **breach)


def _past(run: Run) -> tuple[list[tuple[int, dict[str, FieldFigures]]], int]:
    """Return the figures of the runs that say what is usual, oldest first, and how many there must be.

    They are the newest that did not drift, back to the one that a person took for usual, which is enough
    by itself.
    """
    before = Run.objects.whole().filter(target=run.target_id, state=RunState.FINISHED, pk__lt=run.pk)
    found: list[tuple[int, dict[str, FieldFigures]]] = []
    for report in before.order_by("-pk").values_list("report", flat=True)[:LOOKED_BACK]:
        data = report.get("data")
        if not data or (data["drifts"] and not data["accepted"]):
            continue
        fields = {name: FieldFigures.of_json(said) for name, said in data["fields"].items()}
        found.insert(0, (data["items"], fields))
        if data["accepted"]:
            return found, 1
        if len(found) == PAST_RUNS:
            break
    return found, FEWEST_RUNS
