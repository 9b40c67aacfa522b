"""Which process this is, and which processes of this machine are gone."""

from __future__ import annotations

import os
import re
import socket
from functools import cache
from itertools import count
from pathlib import Path

_slices = count(1)
_INCARNATION = re.compile(r"-[0-9a-f]*-[0-9]*$")


@cache
def node() -> str:
    """Return this machine's name and incarnation: another boot or container is another node."""
    return f"{socket.gethostname()}-{_first_line('/proc/sys/kernel/random/boot_id')[:8]}-{_namespace()}"


def machine(named: str) -> str:
    """Return the machine's name of what `node` returned, here or on another machine."""
    return _INCARNATION.sub("", named)


def new_owner() -> str:
    """Return a name for a new slice: node, process with its start time, and a number."""
    return f"{node()}/{os.getpid()}:{started(os.getpid())}/{next(_slices)}"


def is_gone(owner: str) -> bool:
    """Say whether the process that named itself `owner` on this node does not exist any more."""
    try:
        pid, _, start = owner.split("/")[1].partition(":")
        return started(int(pid)) != start
    except (IndexError, ValueError):
        return False


def started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; empty when there is none.

    A number is given to another process sooner or later, its start time is not. A zombie holds
    nothing any more.
    """
    line = _first_line(f"/proc/{pid}/stat")
    if line:
        fields = line.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    if Path("/proc/self").exists():
        return ""
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return "running"


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").partition("\n")[0]
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink()).rpartition("[")[2].rstrip("]")
    except OSError:
        return "0"
