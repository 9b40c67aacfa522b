"""Adds up what runs lose that read only a part of a target, until a whole run is as usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.models import Losses
from crawler.policy.quality import FieldFigures, fields_of, partial_drifts, score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.models import Run
    from crawler.policy.quality import Beside, Breach

NUMBERS: Final = ("records", "lost", "gained")


def accepted(target: int) -> dict[str, FieldFigures | None]:
    """Return the figures of parts that a person took for usual since the last whole run."""
    row = Losses.objects.filter(target=target).first()
    said = row.accepted if row else {}
    return {name: FieldFigures.of_json(one) if one else None for name, one in said.items()}


def numbers(beside: Beside) -> dict[str, dict[str, int]]:
    """Return what a run's report keeps of its losses: the numbers of each field that had any records."""
    return {
        name: {"records": tally.records, "lost": tally.lost, "gained": tally.gained}
        for name, tally in beside.tallies.items()
        if tally.records or tally.gained
    }


def judge(run: Run, beside: Beside) -> tuple[list[Breach], int]:
    """Return what has drifted in `run` with those before it, and the first run that counts.

    The caller holds the transaction in which it is decided what becomes of the run.
    """
    before = _locked(run.target_id).fields
    found = list(partial_drifts(beside, {name: one["score"] for name, one in before.items()}))
    named = [before[one.field]["since"] for one in found if one.field in before]
    return found, min([run.pk, *named])


def add(run: Run, data: Mapping[str, Any]) -> None:
    """Count what a run has lost that is published, once for each run. The caller holds the transaction."""
    row = _locked(run.target_id)
    row.fields = dict(_added(run.pk, row.fields, data["beside"]))
    row.save()


def accept(run: Run, data: Mapping[str, Any]) -> None:
    """Count what drifted in a run no more: a person took it for usual. The caller holds the transaction."""
    row = _locked(run.target_id)
    for name in {one["field"] for one in data["drifts"]}:
        row.fields.pop(name, None)
        row.accepted[name] = fields_of(data).get(name)
    row.save()


def _added(run: int, before: Mapping[str, Any], lost: Mapping[str, Mapping[str, int]]) -> Mapping[str, Any]:
    nothing = {"score": 0.0, "since": run}
    found = dict(before)
    for name, numbers in lost.items():
        known = before.get(name, nothing)
        found[name] = known | {"score": score(known["score"], **{key: numbers[key] for key in NUMBERS})}
    return {name: one for name, one in found.items() if one["score"]}


def forget(target: int) -> None:
    """Begin anew: a whole run says what is usual. The caller holds the transaction.

    The row stays: somebody else may be about to lock it.
    """
    Losses.objects.filter(target=target).update(fields={}, accepted={})


def _locked(target: int) -> Losses:
    Losses.objects.get_or_create(target_id=target)
    return Losses.objects.select_for_update().get(target=target)
