"""Golden cases of keeping: what runs saw when, and the history, past, feed and versions of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.services.kept import Story

if TYPE_CHECKING:
    from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parents[2] / "cases" / "keeping"
FOLDERS = sorted(path.parent for path in CASES.glob("*/story.json"))


def told(folder: Path, clock: FakeClock) -> dict[str, Any]:
    """Return what is known at the end of a case, in the form of its `expected.json`."""
    return Story(clock, json.loads((folder / "story.json").read_text(encoding="utf-8"))).tell()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_is_kept_is_as_expected(folder: Path, clock: FakeClock) -> None:
    assert told(folder, clock) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
