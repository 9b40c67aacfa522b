"""Conformance data that others wrote, and the scores against it, which may only rise.

The data stays out of the repository: `TRAWL_CORPORA` says where it is.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCORES = ROOT / "tests" / "conformance" / "scores.json"


def corpus(name: str) -> Any:
    """Return the content of a corpus, or skip the test where there is none."""
    folder = Path(os.environ.get("TRAWL_CORPORA", ROOT.parent / "shared" / "corpora"))
    path = folder / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there; set TRAWL_CORPORA to the folder with the conformance data")
    return json.loads(path.read_text(encoding="utf-8"))


def assert_score(name: str, right: int) -> None:
    """Assert that as many cases are right as the score file says: fewer is a fault, more is a new score."""
    held = json.loads(SCORES.read_text(encoding="utf-8"))[name]
    assert right >= held, f"{name}: only {right} cases are right, and {held} were"
    assert right <= held, (
        f"{name}: {right} cases are right now; raise its score in {SCORES.relative_to(ROOT)}"
    )
