"""What `./run audit` makes of pip-audit's answers."""

from __future__ import annotations

import json
from typing import Any

from tests.advisories import verdict


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


KNOWN = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}
CLEAN = {"name": "good", "version": "1.0", "vulns": []}
BAD = {"name": "bad", "version": "1.0", "vulns": [KNOWN]}
UNASKED = {"name": "mirrored", "skip_reason": "Dependency not found on PyPI"}


def test_finding_fails_and_is_named_with_what_mends_it() -> None:
    assert verdict("a.txt", report(CLEAN, BAD), "") == (
        ["bad 1.0: PYSEC-2026-1, mended in 2.0", "a.txt: 2 of 2 packages audited, 1 advisories"],
        True,
    )


def test_what_could_not_be_asked_about_is_not_called_clean() -> None:
    assert verdict("a.txt", report(CLEAN, UNASKED), "").lines == [
        "a.txt: 1 of 2 packages audited, 0 advisories"
    ]
    none = verdict("a.txt", report(UNASKED, UNASKED), "")
    assert none == (["a.txt: NOT audited, the index knows no advisories of any of 2 packages"], False)


def test_advisories_that_cannot_be_had_fail_nobody() -> None:
    away = verdict("a.txt", "", "Traceback\nConnectionError: no route to host\n")
    assert away == (
        ["a.txt: NOT audited, the advisories cannot be had: ConnectionError: no route to host"],
        False,
    )
