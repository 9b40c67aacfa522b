"""Judges the data of runs that have finished: by the target's rules, and by what was usual before."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler.models import EventKind, Publication, Run, RunState
from crawler.policy.quality import (
    FEWEST_RUNS,
    Beside,
    Breach,
    FieldFigures,
    Rules,
    Statistics,
    breaches,
    compared,
    drifts,
    fields_of,
    may_have,
    pages,
    steady,
)
from crawler.queries import before, exports
from crawler.queries import holding as held
from crawler.services import events, holding, losses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    Past = list[tuple[int, dict[str, FieldFigures]]]

MOST_ITEMS: Final = 100_000
"""The figures are of so many records at most, those that the target has had longest."""
PAST_RUNS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What the report of a run says of its data, and of a part of the target what it is beside the items."""

    data: dict[str, Any]
    beside: Beside | None = None


def examine(run: Run) -> Examined | None:
    """Return the figures of a run's records, what breaks rules and what drifts; None for what is not judged.

    That is a run of a terminal, and one that did not finish or refreshes chosen pages where there is nothing
    to compare it with, and no rule for it. The records of such a run are compared with their items: as these
    are where the records are apart until then, else as they were before it.
    """
    if run.target.hidden:
        return None
    if _is_whole(run):
        return _of_whole(run)
    return _of_part(run) if run.is_final else None


def _is_whole(run: Run) -> bool:
    return run.state == RunState.FINISHED and run.is_whole


def _of_whole(run: Run) -> Examined:
    rules = Rules.read(run.target.quality)
    past, fewest = _past(run) if rules.drift else ([], FEWEST_RUNS)
    statistics = Statistics(wanted=rules.wanted, unique=rules.unique, usual=compared(past, fewest=fewest))
    for _url, record in islice(_records(run), MOST_ITEMS):
        statistics.add(record)
    figures = statistics.figures()
    found = list(drifts(run.items, figures, past, fewest=fewest))
    data = _data(run, statistics, figures)
    return Examined(
        data=data | {"breaches": _breaches(run, rules, figures), "drifts": _with_pages(run, found, past)}
    )


def _of_part(run: Run) -> Examined | None:
    """Look at a part of the target's records, whose drifts are found when they are added to those before."""
    rules = Rules.read(run.target.quality).of_part(tried=_tried(run))
    past, fewest = _past(run) if rules.drift else ([], FEWEST_RUNS)
    usual = steady(past, losses.accepted(run.target_id), fewest=fewest)
    waits = run.publication == Publication.WAITING
    is_asked = bool(usual or rules.fields or rules.max_errors is not None)
    if not waits and not (is_asked and run.publication == Publication.DIRECT):
        return None
    beside = Beside(usual)
    statistics = Statistics(wanted=rules.wanted, unique=rules.unique, usual=frozenset(usual))
    for url, record, item in islice(held.beside(run) if waits else before.beside(run), MOST_ITEMS):
        statistics.add(record)
        beside.add(url, record, item)
    figures = statistics.figures()
    broken = _breaches(run, rules, figures)
    if not (waits or statistics.items or broken):
        return None
    data = _data(run, statistics, figures) | {"breaches": broken, "beside": losses.numbers(beside)}
    return Examined(data=data, beside=beside)


def _data(run: Run, statistics: Statistics, figures: Mapping[str, FieldFigures]) -> dict[str, Any]:
    return {
        "items": run.items,
        "examined": statistics.items,
        "fields": {name: known.as_json() for name, known in figures.items() if not known.is_inside},
        "inside": {name: known.as_json() for name, known in figures.items() if known.is_inside},
        "untold": statistics.untold().as_json(),
        "breaches": [],
        "drifts": [],
        "accepted": False,
    }


def _breaches(run: Run, rules: Rules, figures: Mapping[str, FieldFigures]) -> list[dict[str, Any]]:
    tried = _tried(run)
    errors = (run.failed + run.dead) / tried if tried else 0.0
    return [one.as_json() for one in breaches(rules, items=run.items, errors=errors, figures=figures)]


def _tried(run: Run) -> int:
    return run.done + run.failed + run.dead


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
    return _naming(
        run, found, [gone if one.rule == "items" else urls for one, urls in zip(found, about, strict=True)]
    )


def _naming(run: Run, found: Sequence[Breach], named: Sequence[Iterable[str]]) -> list[dict[str, Any]]:
    known = held.stored(run.target_id, {url for urls in named for url in urls})
    return [
        {**one.as_json(), "pages": [{"url": url, "page": known.get(url)} for url in urls]}
        for one, urls in zip(found, named, strict=True)
    ]


def note(run: Run, said: Mapping[str, Any], examined: Examined | None, *, now: datetime) -> None:
    """Write what a run's report says, with an event for each breach and drift where it is new.

    What becomes of a run whose records are apart is decided with it. A report that is written again keeps
    what was said of the data, and what a person said to that.
    """
    with transaction.atomic():
        row = Run.objects.select_for_update().without_secrets().get(pk=run.pk)
        known = row.report.get("data")
        data = _judged(run, examined) if examined and not known else None
        run.report = {**said, "data": known or data}
        Run.objects.filter(pk=run.pk).update(report=run.report)
        if data:
            _tell(run, data, now=now)
            holding.judged(row, data, now=now)


def _judged(run: Run, examined: Examined) -> dict[str, Any]:
    """Return what is said of a run's data, of a part with what it has lost together with those before it."""
    if examined.beside is None:
        return examined.data
    found, since = losses.judge(run, examined.beside)
    named = [examined.beside.tallies[one.field].pages if one.field else {} for one in found]
    return examined.data | {"drifts": _naming(run, found, named), "since": since if found else None}


def _tell(run: Run, data: Mapping[str, Any], *, now: datetime) -> None:
    """Write an event for each breach, as many as a target may have rules, and for the first drifts."""
    told = [(EventKind.DATA_BREACH, one) for one in data["breaches"]]
    told += [(EventKind.DATA_DRIFT, one) for one in holding.first(data["drifts"])]
    for kind, breach in told:
        events.record(kind, target=run.target_id, run=run.pk, now=now, items=run.items, **breach)


def _past(run: Run) -> tuple[Past, int]:
    """Return the figures of the runs that say what is usual, oldest first, and how many there must be.

    They are the newest that did not drift, back to the one that a person took for usual, which is enough
    by itself. Of fields that the run's scraper is not told to read any more they say nothing.
    """
    declared = run.settings.get("fields") if run.settings.get("scraper") == "fields" else None
    earlier = Run.objects.whole().filter(target=run.target_id, state=RunState.FINISHED, pk__lt=run.pk)
    found: Past = []
    for report in earlier.order_by("-pk").values_list("report", flat=True)[: holding.LOOKED_BACK]:
        data = report.get("data")
        if not data or (data["drifts"] and not data["accepted"]):
            continue
        fields = {
            name: FieldFigures.of_json(said)
            for name, said in fields_of(data).items()
            if not declared or may_have(name, declared)
        }
        found.insert(0, (data["items"], fields))
        if data["accepted"]:
            return found, 1
        if len(found) == PAST_RUNS:
            break
    return found, FEWEST_RUNS
