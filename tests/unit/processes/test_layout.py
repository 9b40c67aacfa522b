"""Which processes there are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from crawler.queue import WORKERS
from webui.processes.layout import Installation, Program, Wave, programs

PLAIN = Installation(
    python="/py", base=Path("/trawl"), var=Path("/trawl/var"), host="127.0.0.1", port=8000, workers=4
)


def named(installation: Installation) -> dict[str, Program]:
    return {program.name: program for program in programs(installation)}


def option(program: Program, name: str) -> str:
    return program.command[program.command.index(name) + 1]


def test_every_kind_of_worker_runs_with_its_queues_in_order() -> None:
    found = named(PLAIN)
    for kind in WORKERS:
        assert option(found[kind.name], "-Q") == ",".join(queue.value for queue in kind.queues)


def test_only_the_crawling_worker_takes_the_number_of_workers() -> None:
    concurrency = {
        name: option(program, "-c") for name, program in named(PLAIN).items() if program.group == "workers"
    }
    assert concurrency == {"worker": "4", "worker-urgent": "1", "worker-control": "3", "worker-jobs": "1"}


def test_stopping_goes_from_beat_to_workers_to_web_to_broker() -> None:
    everything = dataclasses.replace(PLAIN, broker_command=("valkey",), demo_port=8001)
    groups = [program.group for program in sorted(programs(everything), key=lambda program: -program.order)]
    assert list(dict.fromkeys(groups)) == ["beat", "workers", "demo", "web", "broker"]


def test_workers_may_finish_their_slice() -> None:
    for program in programs(PLAIN):
        if program.group == "workers":
            assert program.stop_within.total_seconds() == 35


def test_what_a_running_service_needs_starts_before_the_rest() -> None:
    waves = {name: program.wave for name, program in named(PLAIN).items()}
    assert {name for name, wave in waves.items() if wave is Wave.AT_ONCE} == {"web", "beat"}
    assert {name for name, wave in waves.items() if wave is Wave.WHEN_THE_SITE_ANSWERS} == {
        "worker",
        "worker-control",
    }


def test_no_broker_is_started_when_one_is_given() -> None:
    assert "broker" not in named(PLAIN)


def test_two_installations_on_one_machine_have_different_node_names() -> None:
    other = dataclasses.replace(PLAIN, var=Path("/elsewhere/var"))
    assert option(named(PLAIN)["worker"], "-n") != option(named(other)["worker"], "-n")


def test_an_ipv6_host_is_bound_in_brackets() -> None:
    assert option(named(dataclasses.replace(PLAIN, host="::1"))["web"], "--bind") == "[::1]:8000"
