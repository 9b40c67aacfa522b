"""Judges the data of runs that have finished: by the target's rules, and by what was usual before."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler.models import EventKind, Publication, Run, RunState
from crawler.policy.quality import (
    FEWEST_RUNS,
    Breach,
    FieldFigures,
    Rules,
    Statistics,
    breaches,
    drifts,
    pages,
    partial_drifts,
)
from crawler.queries import exports
from crawler.queries import holding as held
from crawler.services import events, holding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    Past = list[tuple[int, dict[str, FieldFigures]]]

MOST_ITEMS: Final = 100_000
"""The figures are of so many records at most, those that the target has had longest."""
PAST_RUNS: Final = 5
MOST_EVENTS: Final = 20


def examine(run: Run) -> dict[str, Any] | None:
    """Return the figures of a run's records, what breaks rules and what drifts; None for what is not judged.

    That is a run of a terminal, and one that did not finish or refreshes chosen pages, unless its records
    are apart until it is compared: then what it has counts as a part of the whole.
    """
    target = run.target
    is_whole = run.state == RunState.FINISHED and run.is_whole
    waits = run.is_final and run.publication == Publication.WAITING
    if target.hidden or not (is_whole or waits):
        return None
    rules = Rules.read(target.quality)
    statistics = Statistics(unique=rules.unique)
    for _url, record in islice(_records(run), MOST_ITEMS):
        statistics.add(record)
    figures = statistics.figures()
    past, fewest = _past(run) if rules.drift else ([], FEWEST_RUNS)
    if is_whole:
        found = list(drifts(run.items, figures, past, fewest=fewest))
    else:
        found = list(partial_drifts(figures, statistics.items, past, fewest=fewest))
    return {
        "items": run.items,
        "examined": statistics.items,
        "fields": {name: known.as_json() for name, known in figures.items()},
        "breaches": _breaches(run, rules, figures) if is_whole else [],
        "drifts": _with_pages(run, found, past),
        "accepted": False,
    }


def _breaches(run: Run, rules: Rules, figures: Mapping[str, FieldFigures]) -> list[dict[str, Any]]:
    tried = run.done + run.failed + run.dead
    errors = (run.failed + run.dead) / tried if tried else 0.0
    return [one.as_json() for one in breaches(rules, items=run.items, errors=errors, figures=figures)]


def _records(run: Run) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield page and fields of each record of a run, whether it is apart or an item."""
    if run.publication != Publication.DIRECT:
        yield from held.records(run.pk)
    for row in exports.rows(target=run.target, run=run):
        yield row["_url"], {name: value for name, value in row.items() if not name.startswith("_")}


def _with_pages(run: Run, found: Sequence[Breach], past: Past) -> list[dict[str, Any]]:
    """Return what drifts, each with some pages whose records it is about, stored as they were read."""
    about = pages(found, islice(_records(run), MOST_ITEMS), past) if found else []
    gone = held.missing_pages(run) if any(one.rule == "items" for one in found) else []
    named = [gone if one.rule == "items" else urls for one, urls in zip(found, about, strict=True)]
    known = held.stored(run.target_id, {url for urls in named for url in urls})
    return [
        {**one.as_json(), "pages": [{"url": url, "page": known.get(url)} for url in urls]}
        for one, urls in zip(found, named, strict=True)
    ]


def note(run: Run, said: Mapping[str, Any], *, now: datetime) -> None:
    """Write what a run's report says, with an event for each breach and drift where it is new.

    What becomes of a run whose records are apart is decided with it. A report that is written again keeps
    what was said of the data, and what a person said to that.
    """
    with transaction.atomic():
        row = Run.objects.select_for_update().without_secrets().get(pk=run.pk)
        data = row.report.get("data")
        run.report = {**said, "data": data} if data else dict(said)
        Run.objects.filter(pk=run.pk).update(report=run.report)
        if not data and said.get("data"):
            _tell(run, said["data"], now=now)
            holding.judged(row, said["data"]["drifts"], now=now)


def _tell(run: Run, data: Mapping[str, Any], *, now: datetime) -> None:
    told = [(EventKind.DATA_BREACH, one) for one in data["breaches"]]
    told += [(EventKind.DATA_DRIFT, one) for one in data["drifts"]]
    for kind, breach in told[:MOST_EVENTS]:
        events.record(kind, target=run.target_id, run=run.pk, now=now, items=run.items, **breach)


def _past(run: Run) -> tuple[Past, int]:
    """Return the figures of the runs that say what is usual, oldest first, and how many there must be.

    They are the newest that did not drift, back to the one that a person took for usual, which is enough
    by itself.
    """
    before = Run.objects.whole().filter(target=run.target_id, state=RunState.FINISHED, pk__lt=run.pk)
    found: Past = []
    for report in before.order_by("-pk").values_list("report", flat=True)[: holding.LOOKED_BACK]:
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
