"""Databases of one test's own: on a small disk, on a server to stop, or told to refuse."""

from __future__ import annotations

import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.postgres import Cluster

SMALL = "trawl_small"
COPY = "trawl_faults"
REFUSING = "tests.faults.refusing"
ORDERS = "TRAWL_TEST_ORDERS"
FULL, READ_ONLY, NOTHING = "full", "read_only", ""


@contextmanager
def using(**place: object) -> Iterator[None]:
    """Have this process use a database elsewhere, and what it starts meanwhile."""
    before = {name: connection.settings_dict[name] for name in place}
    connection.close()
    connection.settings_dict.update(place)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@contextmanager
def copied_to(folder: Path) -> Iterator[None]:
    """Use a copy of the test's database that lies in `folder`, as far as its tables go."""
    if connection.vendor == "sqlite":
        place = folder / "trawl.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(place)])
        with using(NAME=str(place)):
            yield
        return
    connection.close()
    server_does(f"CREATE TABLESPACE {SMALL} LOCATION '{folder}'")
    try:
        with copied(f"TABLESPACE {SMALL}"):
            yield
    finally:
        server_does(f"DROP TABLESPACE {SMALL}")


@contextmanager
def copied(where: str = "") -> Iterator[None]:
    """Use a copy of the test's PostgreSQL database on the same server."""
    connection.close()
    name = connection.settings_dict["NAME"]
    server_does(  # the server may not have noticed yet that processes of the test before were killed
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        f"CREATE DATABASE {COPY} TEMPLATE {name} {where}",
    )
    try:
        with using(NAME=COPY):
            yield
    finally:
        server_does(f"DROP DATABASE {COPY} WITH (FORCE)")


@contextmanager
def on(cluster: Cluster) -> Iterator[None]:
    """Use a copy of the test's PostgreSQL database on another server."""
    chosen = connection.settings_dict
    connection.close()
    there = ["-h", str(chosen["HOST"]), "-p", str(chosen["PORT"]), "-U", str(chosen["USER"])]
    dump = subprocess.run(
        [cluster.binaries / "pg_dump", *there, str(chosen["NAME"])], capture_output=True, check=True
    )
    load = [str(cluster.binaries / "psql"), "-q", "-v", "ON_ERROR_STOP=1", cluster.url]
    subprocess.run(load, input=dump.stdout, capture_output=True, check=True)
    with using(HOST="127.0.0.1", PORT=str(cluster.port), NAME="trawl", USER="trawl"):
        yield


def server_does(*statements: str) -> None:
    """Have the server of the test's database do something outside of it."""
    chosen: Mapping[str, Any] = connection.settings_dict
    there = {"host": chosen["HOST"], "port": chosen["PORT"], "user": chosen["USER"]}
    with closing(psycopg.connect(**there, dbname="postgres", autocommit=True)) as server:
        for statement in statements:
            server.execute(statement)


class SmallDisk:
    """A file system with little room, where this process may mount one."""

    def __init__(self, folder: Path, *, megabytes: int) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        self._megabytes = megabytes

    def mount(self) -> bool:
        """Say whether it is there now."""
        self.folder.mkdir()
        options = f"size={self._megabytes}m,mode=777"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "trawl-tests", self.folder],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            self.folder.rmdir()
        return done.returncode == 0

    def unmount(self) -> None:
        subprocess.run(["umount", self.folder], check=True)
        self.folder.rmdir()

    def fill(self) -> None:
        """Leave not one byte of room."""
        with self._ballast.open("wb", buffering=0) as ballast:
            for size in (1 << 20, 1 << 12, 1):
                self._write(ballast, bytes(size))

    def _write(self, ballast: Any, block: bytes) -> None:
        try:
            while ballast.write(block):
                pass
        except OSError:
            return

    def empty(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


class Orders:
    """What the database of an installation is told to refuse, where its settings are `refusing`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "orders"
        self.allow()

    @property
    def variables(self) -> Mapping[str, str]:
        return {"DJANGO_SETTINGS_MODULE": REFUSING, ORDERS: str(self._file)}

    def refuse(self, order: str) -> None:
        draft = self._file.with_suffix(".part")
        draft.write_text(order)
        draft.replace(self._file)

    def allow(self) -> None:
        self.refuse(NOTHING)
