"""When a program that keeps ending is started again, and how often that is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from webui.processes.restarting import Restarts, pause
from webui.processes.supervisor import State

RUNS = State(
    name="worker",
    group="workers",
    word="RUNNING",
    log=Path("/var/log/worker.log"),
    started=1_000,
    ran_for=timedelta(seconds=1),
)
GIVEN_UP = replace(RUNS, word="FATAL")
EVERY = 2


@pytest.mark.parametrize(("before", "seconds"), [(0, 5), (1, 10), (3, 40), (4, 60), (10_000, 60)])
def test_pauses_double_up_to_a_minute(before: int, seconds: int) -> None:
    assert pause(before) == timedelta(seconds=seconds)


def test_what_is_given_up_on_is_started_for_ever_after_growing_pauses() -> None:
    restarts = Restarts()
    started = [now for now in range(0, 400, EVERY) if restarts.look([GIVEN_UP], now=now)[0]]
    pauses = [after - before for before, after in pairwise([0, *started])]
    assert pauses == [6, 12, 22, 42, 62, 62, 62, 62, 62]


def test_a_program_that_keeps_ending_is_named_with_its_log_at_starts_that_double() -> None:
    restarts = Restarts()
    spoken = {}
    for times in range(50):
        _due, said = restarts.look([replace(RUNS, started=1_000 + times)], now=times)
        if said:
            spoken[times] = said
    assert list(spoken) == [3, 6, 12, 24, 48]
    assert spoken[3] == ["worker keeps ending (3 times) and is started again; its log is /var/log/worker.log"]


def test_a_program_that_ends_now_and_then_is_not_spoken_of() -> None:
    restarts = Restarts()
    for times in range(20):
        state = replace(RUNS, started=1_000 + 100 * times)
        for ran in (1, 61):
            due, said = restarts.look([replace(state, ran_for=timedelta(seconds=ran))], now=times)
            assert (due, said) == ([], [])


def test_after_a_minute_of_running_the_pauses_begin_anew() -> None:
    restarts = Restarts()
    for now in range(0, 300, EVERY):
        restarts.look([GIVEN_UP], now=now)
    restarts.look([replace(RUNS, ran_for=timedelta(seconds=60))], now=300)
    assert restarts.look([GIVEN_UP], now=302)[0] == []
    assert restarts.look([GIVEN_UP], now=308)[0] == [GIVEN_UP]
