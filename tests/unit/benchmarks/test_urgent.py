"""What the urgent lane's benchmark counts, and when it says that a promise is not kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.manyhosts import Hit
from benchmarks.urgent import Asked, Found, Latency, Rates, rates, report

ASKED = Asked(requests=100, hosts=2, runs=100, delay=0.5, window=30)
KEPT = Found(
    queued=100,
    queued_seconds=1.0,
    free=Latency(seconds=(0.1,) * 48 + (9.0,) * 2),
    busy=Latency(seconds=(0.5,) * 47 + (1.6,) * 3),
    before=Rates(bulk=80.0, urgent=0.0),
    during=Rates(bulk=77.5, urgent=2.5),
    under_constant_load=Rates(bulk=8.0, urgent=160.0),
    load=(1.0, 1.0),
)


def test_what_keeps_every_promise_by_a_hair_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(KEPT, ASKED) == 0
    assert "PROBLEM" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (replace(KEPT, free=Latency(seconds=(0.1,) * 47 + (1.1,) * 3)), "on free hosts p95 is over 1 s"),
        (replace(KEPT, busy=Latency(seconds=(0.5,) * 47 + (1.7,) * 3)), "on busy hosts p95 is over 1 s"),
        (replace(KEPT, during=Rates(bulk=77.4, urgent=2.5)), "bulk lost 2.6/s to urgent runs"),
        (replace(KEPT, under_constant_load=Rates(bulk=7.9, urgent=160.0)), "bulk kept less than 10%"),
    ],
    ids=["free", "busy", "cost", "starved"],
)
def test_each_promise_that_is_not_kept_is_told_alone(
    found: Found, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(found, ASKED) == 1
    (told,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("PROBLEM")]
    assert problem in told


def test_rates_are_what_was_asked_between_two_moments() -> None:
    asked = [
        (9.9, "/bulk/0"),
        (10.0, "/bulk/1"),
        (11.0, "/urgent/1"),
        (11.5, "/robots.txt"),
        (12.0, "/bulk/2"),
    ]
    hits = [Hit(at=at, host=0, path=path, at_once=1) for at, path in asked]
    assert rates(hits, 10.0, 12.0) == Rates(bulk=0.5, urgent=1.0)
