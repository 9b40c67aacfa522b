"""The text of supervisord's configuration."""

from __future__ import annotations

import shlex
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from webui.processes.layout import Wave

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from webui.processes.layout import Program

LOG_BYTES = 10 * 2**20
LOG_BACKUPS = 3
STARTED_AFTER = timedelta(seconds=10)
"""A program that ends before is started again after a moment, and given up on at the fourth time: `up`
lets it rest then. Workers import for some seconds before they find out that they cannot run."""


def supervisord(
    programs: Sequence[Program], *, base: Path, logs: Path, folder: Path, user: str | None
) -> str:
    """Return the configuration that runs `programs` from `base`.

    `folder` is private to this start (socket and pid file); `user` is named only where
    supervisord runs as root, which it otherwise complains about.
    """
    sections = [_daemon(base, logs, folder, user)]
    for (group, order), members in groupby(programs, key=lambda program: (program.group, program.order)):
        listed = list(members)
        names = ",".join(program.name for program in listed)
        sections.append(_section(f"group:{group}", {"programs": names, "priority": str(order)}))
        sections += [_program(program, logs) for program in listed]
    return "\n".join(sections)


def _daemon(base: Path, logs: Path, folder: Path, user: str | None) -> str:
    daemon = {
        "nodaemon": "true",
        "silent": "true",
        "directory": _literal(str(base)),
        "logfile": _literal(str(logs / "supervisord.log")),
        "logfile_maxbytes": str(LOG_BYTES),
        "logfile_backups": "1",
        "pidfile": _literal(str(folder / "supervisord.pid")),
        "childlogdir": _literal(str(folder)),
    }
    if user:
        daemon["user"] = user
    interface = "supervisor.rpcinterface:make_main_rpcinterface"
    return "\n".join(
        [
            _section("supervisord", daemon),
            _section("unix_http_server", {"file": _literal(str(folder / "sock")), "chmod": "0600"}),
            _section("rpcinterface:supervisor", {"supervisor.rpcinterface_factory": interface}),
        ]
    )


def _program(program: Program, logs: Path) -> str:
    options = {
        "command": _literal(shlex.join(program.command)),
        "autostart": "true" if program.wave is Wave.AT_ONCE else "false",
        "autorestart": "true",
        "startsecs": str(int(STARTED_AFTER.total_seconds())),
        "startretries": "3",
        "stopsignal": "TERM",
        "stopwaitsecs": str(int(program.stop_within.total_seconds())),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": _literal(str(logs / f"{program.name}.log")),
        "stdout_logfile_maxbytes": str(LOG_BYTES),
        "stdout_logfile_backups": str(LOG_BACKUPS),
    }
    if program.environment:
        options["environment"] = ",".join(f'{name}="{value}"' for name, value in program.environment.items())
    return _section(f"program:{program.name}", options)


def _section(name: str, options: Mapping[str, str]) -> str:
    return "\n".join([f"[{name}]", *(f"{key}={value}" for key, value in options.items()), ""])


def _literal(text: str) -> str:
    """Escape what supervisord would expand."""
    return text.replace("%", "%%")
