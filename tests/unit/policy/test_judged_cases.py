"""Golden cases of judging: what three runs said before, what one says now, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crawler.policy.quality import (
    Beside,
    Rules,
    Statistics,
    breaches,
    drifts,
    pages,
    partial_drifts,
    steady,
)

if TYPE_CHECKING:
    from crawler.policy.quality import Breach, FieldFigures

    Past = list[tuple[int, dict[str, FieldFigures]]]

CASES = Path(__file__).parents[2] / "cases" / "judging"
FOLDERS = sorted(path.parent for path in CASES.glob("*/rules.json"))
Record = dict[str, Any]


def run(path: Path) -> list[Record]:
    """Return the records of a run, of which each has the `_url` of its page."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def figures(records: list[Record], rules: Rules) -> dict[str, FieldFigures]:
    found = Statistics(wanted=rules.wanted, unique=rules.unique)
    for record in records:
        found.add({name: value for name, value in record.items() if name != "_url"})
    return found.figures()


def judged(folder: Path) -> Record:
    """Return what is told of a case, in the form of its `expected.json`."""
    said = json.loads((folder / "rules.json").read_text(encoding="utf-8"))
    rules = Rules.read(said["rules"])
    past = [run(path) for path in sorted(CASES.glob("before-*.jsonl"))]
    usual = [(len(records), figures(records, rules)) for records in past]
    now = run(folder / "now.jsonl")
    if "tried" in said:
        rules = rules.of_part(tried=said["tried"])
        drifted = of_part(now, {record["sku"]: record for record in past[-1]}, usual)
    else:
        drifted = of_whole(now, rules, usual)
    broken = breaches(rules, items=len(now), errors=said["errors"], figures=figures(now, rules))
    return {
        "breaches": [one.as_json() for one in broken],
        "drifts": [{**one.as_json(), "pages": urls} for one, urls in drifted],
    }


def of_whole(now: list[Record], rules: Rules, usual: Past) -> list[tuple[Breach, list[str]]]:
    found = list(drifts(len(now), figures(now, rules), usual))
    return list(zip(found, pages(found, ((one["_url"], one) for one in now), usual), strict=True))


def of_part(now: list[Record], items: dict[str, Record], usual: Past) -> list[tuple[Breach, list[str]]]:
    """Return in what a run of a part drifts beside the items as the last run left them, by their `sku`."""
    beside = Beside(steady(usual, {}))
    for record in now:
        beside.add(record["_url"], record, items.get(record["sku"]))
    return [(one, list(beside.tallies[str(one.field)].pages)) for one in partial_drifts(beside, {})]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case_is_judged_as_expected(folder: Path) -> None:
    assert judged(folder) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
