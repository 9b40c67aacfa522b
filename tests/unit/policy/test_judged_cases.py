"""Golden cases of judging: what three runs said before, what one says now, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crawler.policy.quality import Rules, Statistics, breaches, drifts, pages

if TYPE_CHECKING:
    from crawler.policy.quality import FieldFigures

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
    known = figures(now, rules)
    drifted = list(drifts(len(now), known, usual))
    about = pages(drifted, ((record["_url"], record) for record in now), usual)
    return {
        "breaches": [
            one.as_json() for one in breaches(rules, items=len(now), errors=said["errors"], figures=known)
        ],
        "drifts": [{**one.as_json(), "pages": urls} for one, urls in zip(drifted, about, strict=True)],
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case_is_judged_as_expected(folder: Path) -> None:
    assert judged(folder) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
