"""A whole installation for benchmarks: `up` in a folder of its own, and its API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webui.processes.addresses import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = Path(__file__).resolve().parent.parent
READY_WITHIN_SECONDS = 120.0
STOPS_WITHIN_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API, as its administrator; each call has a connection of its own, as most clients' do."""

    port: int
    token: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the parsed answer; anything but 2xx ends the benchmark."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with closing(connection):
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1{path}", body=sent, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
        if not 200 <= answer.status < 300:
            raise SystemExit(f"{method} {path} was answered with {answer.status}: {text[:500]!r}")
        return json.loads(text or b"null")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A service that runs, and the folder that it keeps everything in."""

    folder: Path
    port: int
    api: Api


@contextmanager
def running(folder: Path, *, workers: int, variables: dict[str, str]) -> Iterator[Installation]:
    """Start the service with its output in `up.log`, and stop it when the block ends."""
    port = free_port()
    environment = _environment(folder, variables)
    command = [sys.executable, "manage.py", "up", "--port", str(port), "--workers", str(workers)]
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=BASE, env=environment, stdout=log, stderr=log)
    try:
        _until_ready(process, port, folder / "up.log")
        token = subprocess.run(
            [sys.executable, "manage.py", "token", "--user", "admin", "--scopes", "read,write"],
            cwd=BASE,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        yield Installation(folder=folder, port=port, api=Api(port=port, token=token))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOPS_WITHIN_SECONDS)


def _environment(folder: Path, variables: dict[str, str]) -> dict[str, str]:
    own = {"REDIS_URL", "CELERY_BROKER_URL", "DATABASE_URL"} - variables.keys()
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {
        **kept,
        "TRAWL_VAR": str(folder / "var"),
        "EGRESS_ALLOW": "127.0.0.0/8",
        "ADMIN_PASSWORD": "a password for benchmarks",
        **variables,
    }


def _until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends_at = time.monotonic() + READY_WITHIN_SECONDS
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > ends_at:
            raise SystemExit(f"the service did not get ready:\n{log.read_text(errors='replace')}")
        time.sleep(0.2)


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
