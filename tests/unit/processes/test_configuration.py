"""What supervisord is told."""

from __future__ import annotations

import shlex
from configparser import RawConfigParser
from pathlib import Path

from webui.processes import configuration
from webui.processes.layout import Installation, programs

INSTALLATION = Installation(
    python="/a folder/py",
    base=Path("/trawl"),
    var=Path("/trawl/100%"),
    host="127.0.0.1",
    port=8000,
    workers=2,
    broker_command=("/valkey", "/a file"),
)


def written(user: str | None = None) -> RawConfigParser:
    parser = RawConfigParser(inline_comment_prefixes=(";", " #"))
    parser.read_string(
        configuration.supervisord(
            programs(INSTALLATION),
            base=INSTALLATION.base,
            logs=INSTALLATION.var / "log",
            folder=Path("/tmp/x"),
            user=user,
        )
    )
    return parser


def test_the_workers_form_one_group_so_that_they_stop_together() -> None:
    assert written()["group:workers"]["programs"] == "worker,worker-urgent,worker-control,worker-jobs"


def test_groups_are_ordered_as_the_programs_are() -> None:
    parser = written()
    orders = [int(parser[f"group:{name}"]["priority"]) for name in ("broker", "web", "workers", "beat")]
    assert orders == sorted(set(orders))


def test_workers_do_not_start_by_themselves() -> None:
    parser = written()
    alone = [name for name in parser.sections() if parser[name].get("autostart") == "true"]
    assert alone == ["program:broker", "program:web", "program:beat"]


def test_blanks_in_paths_survive() -> None:
    assert shlex.split(written()["program:broker"]["command"]) == ["/valkey", "/a file"]


def test_percent_signs_are_doubled_because_supervisord_expands_them() -> None:
    parser = written()
    assert parser["program:web"]["stdout_logfile"] == "/trawl/100%%/log/web.log"
    assert "@%%h" in parser["program:worker"]["command"]


def test_workers_keep_freed_memory() -> None:
    assert 'MALLOC_MMAP_THRESHOLD_="1048576"' in written()["program:worker"]["environment"]


def test_a_user_is_named_only_where_one_is_given() -> None:
    assert "user" not in written()["supervisord"]
    assert written("root")["supervisord"]["user"] == "root"
