"""The addresses the service listens on: are they free, and how are they written."""

from __future__ import annotations

import errno
import re
import secrets
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from webui.processes.errors import CannotStart
from webui.processes.layout import bind_address

if TYPE_CHECKING:
    from pathlib import Path

TRIES = 20
QUIET_PORTS = range(20_000, 32_768)
"""Below those that Linux and macOS give to whoever names none, such as each outgoing connection."""
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound to


def require_free(host: str, port: int) -> None:
    """Raise `CannotStart` unless this process could listen on `host` and `port` now."""
    try:
        _listen_once(host, port)
    except socket.gaierror as error:
        raise CannotStart(f"--host {host} is not an address of this machine") from error
    except OSError as error:
        raise CannotStart(_refusal(error, host, port)) from error


def _listen_once(host: str, port: int) -> int:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)
        return int(probe.getsockname()[1])


def _refusal(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} is in use; choose another with --port"
        case errno.EACCES:
            return f"port {port} needs more rights than this user has; choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"--host {host} is not an address of this machine"
        case _:
            return f"cannot listen on {bind_address(host, port)}: {error.strerror}"


def free_port(*, preferred: int = 0) -> int:
    """Return a free port of 127.0.0.1: `preferred` if it can be had.

    Who is to listen there starts later, so it is one that the system gives to nobody meanwhile.
    """
    for port in (preferred, *(secrets.choice(QUIET_PORTS) for _ in range(TRIES))):
        if port:
            with suppress(OSError):
                return _listen_once("127.0.0.1", port)
    return _listen_once("127.0.0.1", 0)


def reserved(*, preferred: int) -> socket.socket:
    """Return a socket that keeps a port of 127.0.0.1, `preferred` if it can be had, as long as it is open.

    It does not listen. Only a server of this user that asks to share the port (SO_REUSEPORT) can.
    """
    try:
        return _kept(preferred)
    except OSError:
        return _kept(0)


def remembered(file: Path, *, otherwise: int) -> int:
    """Return the port that `file` names, `otherwise` where it names none."""
    try:
        said = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return otherwise
    return int(said) if re.fullmatch("[0-9]{1,5}", said) and 0 < int(said) < 65_536 else otherwise


def _kept(port: int) -> socket.socket:
    keeper = socket.socket()
    try:
        # an earlier server's connections may linger at the port: that must not refuse it to us
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", port))
        # said only now, so that the port was ours alone to begin with
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:
        keeper.close()
        raise
    return keeper


def reachable_host(host: str) -> str:
    """Return the host by which this machine reaches a server that listens on `host`."""
    if host in EVERYWHERE:
        return "::1" if host == "::" else "127.0.0.1"
    return host


def url(host: str, port: int) -> str:
    return f"http://{bind_address(reachable_host(host), port)}/"


def names(host: str) -> list[str]:
    """Return the names by which others may call a site that listens on `host`."""
    own = {"localhost", "127.0.0.1", "[::1]", socket.gethostname(), socket.getfqdn()}
    if host in EVERYWHERE:
        own |= {_bracketed(address) for address in _addresses_of_this_machine()}
    else:
        own.add(_bracketed(host))
    return sorted(own)


def _addresses_of_this_machine() -> set[str]:
    found = set()
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect(
                    (elsewhere, 9)
                )  # a datagram socket sends nothing here; it only picks its own address
                found.add(str(probe.getsockname()[0]))
        except OSError:
            continue
    return found


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
