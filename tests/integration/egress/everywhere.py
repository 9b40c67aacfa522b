"""A network of its own in which every address there is leads to a canary."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import socket
import struct
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

CONTROL: Final = "93.184.215.14"
CONTROL_V6: Final = "2606:4700::1111"
PORTS: Final = (22, 80, 443, 6379, 8080, 8443)
_NEW_NETWORK: Final = 0x4000_0000
# All addresses are this machine's; the two on the interface have getaddrinfo ask for both families.
_NETWORK: Final = """\
link set lo up
addr add 93.184.215.1/32 dev lo
addr add 2606:4700::1/128 dev lo
route add local 0.0.0.0/0 dev lo
route add local ::/0 dev lo
"""


class CannotBind(RuntimeError):
    """The system gives this process no network of its own; the message says what is missing."""


class Everywhere:
    """Serves on every address of a new network; `reached` has the forbidden ones that were connected to.

    Only what `run` runs, and the threads it starts, are in that network. The control's addresses
    answer with what `answers` has for host and path, and count in `controls`; names are looked up
    at a DNS server that takes its records from `names`, one list after the other, the last for good.
    What `*` has is for all other names; without it there are none.
    """

    def __init__(self) -> None:
        self.reached: list[tuple[str, int]] = []
        self.controls: list[tuple[str, str]] = []
        self.answers: Callable[[str, str], bytes] = lambda _host, _path: page()
        self.names: dict[str, list[list[str]]] = {}
        self._inside = ThreadPoolExecutor(1, thread_name_prefix="everywhere")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="canary")

    def start(self) -> None:
        """Raises CannotBind."""
        listeners, name_servers = self.run(_enter)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(listeners, name_servers), self._loop).result(60)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()
        self._inside.shutdown()

    def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns in the network."""
        return self._inside.submit(work).result()

    def settle(self) -> None:
        """Wait until every connection that was made before is counted."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.02), self._loop).result(60)

    async def _serve(self, listeners: list[socket.socket], name_servers: list[socket.socket]) -> None:
        self._servers = [await asyncio.start_server(self._connected, sock=sock) for sock in listeners]
        self._transports = [
            (await self._loop.create_datagram_endpoint(lambda: _NameServer(self.names), sock=sock))[0]
            for sock in name_servers
        ]

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        for transport in self._transports:
            transport.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = writer.get_extra_info("sockname")
        address, port = _unmapped(str(name[0])), int(name[1])
        is_control = address in {CONTROL, CONTROL_V6} and port in {80, 443, 8080}
        if not is_control:
            self.reached.append((address, port))
        elif port == 443:  # it speaks no TLS
            self.controls.append((address, ""))
            is_control = False
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while is_control:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                host = head.lower().partition("\r\nhost: ")[2].partition("\r\n")[0]
                self.controls.append((host, path))
                writer.write(self.answers(host, path))
                await writer.drain()
        writer.close()


def page(body: bytes = b"<p>fine</p>", *, keep: bool = True) -> bytes:
    """Return a whole response; unless `keep`, with nothing else on its connection."""
    connection = b"keep-alive" if keep else b"close"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: %b\r\n\r\n"
    return head % (len(body), connection) + body


def redirect_to(place: str) -> bytes:
    """Return a response that sends the client to `place`, as it is spelled but for what ends a header."""
    location = place.replace("\0", "").replace("\n", "").encode()
    return b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location


def _enter() -> tuple[list[socket.socket], list[socket.socket]]:
    """Move this thread into a new network; return what listens there and what answers for names."""
    program = shutil.which("ip")
    if program is None:
        raise CannotBind("the program `ip` is missing: apt install iproute2")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0:
        why = os.strerror(ctypes.get_errno())
        raise CannotBind(f"a network of its own takes root and CAP_SYS_ADMIN: {why}")
    done = subprocess.run(
        [program, "-batch", "-"], input=_NETWORK, text=True, capture_output=True, check=False
    )
    if done.returncode:
        raise CannotBind(f"the network could not be set up: {done.stderr}")
    listeners = [_bound(address, port) for port in PORTS for address in ("0.0.0.0", "::")]
    return listeners, [_bound(address, 53, kind=socket.SOCK_DGRAM) for address in _name_servers()]


def _bound(address: str, port: int, *, kind: int = socket.SOCK_STREAM) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((address, port))
    if kind == socket.SOCK_STREAM:
        sock.listen(512)
    return sock


def _name_servers() -> list[str]:
    """Return the name servers that the system's resolver asks: here they are this machine too."""
    lines = [line.split() for line in Path("/etc/resolv.conf").read_text().splitlines()]
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"] or ["127.0.0.1"]


def _unmapped(text: str) -> str:
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


class _NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA questions (RFC 1035 §4) from `names`; an entry that is no address is a CNAME."""

    def __init__(self, names: dict[str, list[list[str]]]) -> None:
        self._names = names
        self._asked: dict[tuple[str, int], int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, kind, question = _question(data)
        answers = self._names.get(name) or self._names.get("*")
        if answers is None:
            head = struct.pack("!HHHHHH", int.from_bytes(data[:2]), 0x8183, 1, 0, 0, 0)
            self._transport.sendto(head + question, addr)
            return
        turn = self._asked.get((name, kind), 0)
        self._asked[name, kind] = turn + 1
        records = [part for entry in answers[min(turn, len(answers) - 1)] for part in _records(entry, kind)]
        head = struct.pack("!HHHHHH", int.from_bytes(data[:2]), 0x8180, 1, len(records), 0, 0)
        self._transport.sendto(head + question + b"".join(records), addr)


_A: Final = 1
_AAAA: Final = 28
_CNAME: Final = 5
_ASKED: Final = b"\xc0\x0c"  # the name that stands in the question


def _question(data: bytes) -> tuple[str, int, bytes]:
    labels: list[str] = []
    at = 12
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    return ".".join(labels), int.from_bytes(data[at + 1 : at + 3]), data[12 : at + 5]


def _records(entry: str, kind: int) -> list[bytes]:
    """Return the records of the question's kind: an address, or for `=name` a CNAME to it and loopback."""
    if entry.startswith("="):
        target = b"".join(bytes([len(part)]) + part.encode() for part in entry[1:].split(".")) + b"\0"
        there = ip_address("127.0.0.1" if kind == _A else "::1")
        return [_resource(_ASKED, _CNAME, target), _resource(target, kind, there.packed)]
    address = ip_address(entry)
    if kind != (_A if address.version == 4 else _AAAA):
        return []
    return [_resource(_ASKED, kind, address.packed)]


def _resource(owner: bytes, kind: int, data: bytes) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 0, len(data)) + data
