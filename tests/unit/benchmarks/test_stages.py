"""A small form of `./run bench stages`: every stage is there and costs something."""

from __future__ import annotations

import pytest

from benchmarks import stages


def test_every_stage_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["stages", "--pages", "5"])
    monkeypatch.setattr("crawler.engine.steady.keep_memory", lambda: None)  # the process is the tests'

    assert stages.main() == 0

    rows = [line.split("|")[1:3] for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][
        1:
    ]
    assert len(rows) == 13
    assert all(int(cost.replace(",", "")) >= 0 for _stage, cost in rows)
    assert len({stage for stage, _cost in rows}) == 13
