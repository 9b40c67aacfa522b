"""A private PostgreSQL cluster in a temporary folder, for tests."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED = ("postgres", "nobody")


def find_binaries() -> Path | None:
    """Return the folder with initdb and pg_ctl; None where no server is installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running cluster; it trusts whoever reaches its socket or its loopback port."""

    folder: Path
    binaries: Path
    port: int

    @classmethod
    def start(cls, folder: Path) -> Cluster:
        """Make a cluster in `folder` and start it. Raises RuntimeError where no server is installed."""
        binaries = find_binaries()
        if binaries is None:
            raise RuntimeError("no PostgreSQL server is installed: apt install postgresql")
        folder.mkdir(parents=True)
        port = _free_port()
        cluster = cls(folder=folder, binaries=binaries, port=port)
        hand_over(folder)
        cluster._run(
            "initdb", "-D", str(folder / "data"), "-U", "trawl", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        cluster.start_again()
        cluster._run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "trawl", "trawl")
        return cluster

    @property
    def url(self) -> str:
        return f"postgresql://trawl@127.0.0.1:{self.port}/trawl"

    def stop(self, mode: str = "immediate") -> None:
        """Stop the cluster; its folder stays."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "stop")

    def start_again(self) -> None:
        """Start a cluster that was stopped."""
        where = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        options = f"{where} -c fsync=off -c max_connections=200"
        self._run(
            "pg_ctl",
            *("-D", str(self.folder / "data"), "-l", str(self.folder / "log")),
            *("-o", options, "-w", "start"),
        )

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        if os.getuid() == 0:
            command = ["setpriv", f"--reuid={_unprivileged()}", "--clear-groups", *command]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, timeout=240
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")


def _free_port() -> int:
    """Return a port that the system gives to nobody until the server listens there."""
    while True:
        port = secrets.choice(range(20_000, 32_768))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def hand_over(folder: Path) -> None:
    """Give a folder to the user that servers run as, and a way to it: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return
    shutil.chown(folder, _unprivileged())
    for parent in folder.parents:
        if parent.name.startswith("trawl-tests-"):
            parent.chmod(0o755)


def _unprivileged() -> str:
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("no user but root is there to run PostgreSQL as")
