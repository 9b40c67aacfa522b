"""What the benchmark of exports makes of its figures."""

from __future__ import annotations

import pytest

from benchmarks import export
from benchmarks.export import Exported


def exported(what: str, *, rate: float = 200_000, items: int = 1_000, mib: float = 3) -> Exported:
    return Exported(
        what=what, items=items, bytes=1, seconds=items / rate, cpu_seconds=0.1, above_idle_mib=mib
    )


def said(
    capsys: pytest.CaptureFixture[str], jsonl: Exported, csv: Exported, *, items: int = 1_000
) -> tuple[int, str]:
    status = export.report_of([exported("alone"), jsonl, csv], items)
    return status, capsys.readouterr().out


def test_exports_that_keep_all_targets_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = said(capsys, exported("jsonl", rate=100_000), exported("csv", rate=60_000))

    assert status == 0
    assert "| jsonl | 100,000 | 0.50 |" in text
    assert "PROBLEM" not in text


@pytest.mark.parametrize(
    ("jsonl", "problem"),
    [
        (exported("jsonl", rate=99_000), "jsonl makes 99,000 items/s, not 100,000"),
        (exported("jsonl", mib=101), "jsonl takes 101 MiB above idle, not 100"),
        (exported("jsonl", items=999), "jsonl has 999 of 1,000 items"),
    ],
)
def test_what_misses_its_target_is_said(
    capsys: pytest.CaptureFixture[str], jsonl: Exported, problem: str
) -> None:
    status, text = said(capsys, jsonl, exported("csv"))

    assert status == 1
    assert f"PROBLEM: {problem}" in text
