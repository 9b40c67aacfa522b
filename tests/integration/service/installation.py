"""A whole installation started with `./run up`, as a person would start it, and its API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webui.processes.addresses import free_port

ROOT = Path(__file__).resolve().parents[3]
READY_SECONDS = 400.0
STOP_SECONDS = 150.0
FINAL = {"finished", "failed", "cancelled"}


@dataclass(slots=True, kw_only=True)
class Installation:
    """One `./run up` in a folder of its own, reached through its API as its administrator."""

    folder: Path
    port: int = field(default_factory=free_port)
    token: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name not in {"REDIS_URL", "DATABASE_URL"}
        }
        return kept | {
            "TRAWL_VAR": str(self.folder / "var"),
            "EGRESS_ALLOW": "127.0.0.0/8",
            "ADMIN_PASSWORD": "correct horse battery",
            **self.variables,
        }

    @property
    def is_started(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def start(self, *arguments: str) -> None:
        """Start it and wait until it is ready; its output is in `up.log`."""
        command = [str(ROOT / "run"), "up", "--port", str(self.port), *arguments]
        with (self.folder / "up.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, cwd=self.folder
            )
        ends_at = time.monotonic() + READY_SECONDS
        while time.monotonic() < ends_at:
            if self._process.poll() is not None:
                break
            if self._is_ready():
                self.token = self.run("token", "--user", "admin", "--scopes", "read,write").strip()
                return
            time.sleep(0.2)
        self._process.terminate()
        self._process.wait(STOP_SECONDS)
        raise AssertionError(f"the service did not get ready:\n{self.log()}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it by a signal, as Ctrl-C does where no other is named, and return its exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(STOP_SECONDS)

    def log(self) -> str:
        return (self.folder / "up.log").read_text(errors="replace")

    def run(self, *arguments: str) -> str:
        """Return what `./run …` prints."""
        done = subprocess.run(
            [str(ROOT / "run"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=150,
        )
        return done.stdout

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return what the API answers, parsed; raises urllib's HTTPError."""
        with self.open(method, path, body) as answer:
            return json.loads(answer.read() or b"null")

    def open(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        return urllib.request.urlopen(request, timeout=60)

    def finished(self, run: int, *, within: float = 240.0) -> Any:
        """Wait until a run is in a final state and return it."""
        ends_at = time.monotonic() + within
        while (state := self.call("GET", f"/runs/{run}"))["state"] not in FINAL:
            assert time.monotonic() < ends_at, f"run {run} is still {state['state']}: {state['counts']}"
            time.sleep(0.2)
        return state

    def items(self, query: str) -> list[Any]:
        """Return all items that match, page by page."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = self.call("GET", f"/items?limit=100&{query}{cursor}")
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return int(answer.status) == 200
        except (urllib.error.URLError, OSError):
            return False
