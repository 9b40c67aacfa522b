"""A static site for benchmarks: as many pages as wanted, always the same, served with an access log."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE_BYTES = 10_000
LINKS = 30
HTML = "text/html"
CHILDREN = 3
FOLDER_PAGES = 1_000
STARTS_WITHIN_SECONDS = 10
WORDS = (
    "amber",
    "basin",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "island",
    "jetty",
    "kettle",
    "lantern",
    "meadow",
    "north",
    "orchard",
    "pebble",
    "quarry",
    "river",
    "summit",
    "timber",
    "upland",
    "valley",
    "willow",
    "yonder",
    "zephyr",
    "bright",
    "calm",
    "early",
    "fresh",
    "gentle",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that the server answered: for which path and query, how, and when it was done with."""

    path: str
    status: int
    at: float
    kind: str

    @property
    def is_page(self) -> bool:
        return self.status == 200 and self.kind.startswith(HTML)


def asked(log: Path) -> list[Asked]:
    """Return what was asked of the server whose log this is, in the order of the answers."""
    found = []
    for line in log.read_text().splitlines():
        path, status, at, kind = line.split(" ", 3)
        found.append(Asked(path=path, status=int(status), at=float(at), kind=kind))
    return found


def path_of(number: int) -> str:
    return f"/{number // FOLDER_PAGES:03}/{number}.html"


def generate(folder: Path, *, pages: int) -> None:
    """Write `pages` pages of 10 KB with 30 links each; page 0 leads to every other one."""
    chance = random.Random(20240101)
    paragraphs = [_paragraph(chance) for _ in range(500)]
    for number in range(pages):
        path = folder / path_of(number)[1:]
        if number % FOLDER_PAGES == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_page(number, pages, paragraphs, chance))
    (folder / "robots.txt").write_text("User-agent: *\nDisallow: /private/\n")


def _paragraph(chance: random.Random) -> str:
    words = " ".join(chance.choice(WORDS) for _ in range(chance.randint(40, 90)))
    return f"<p>{words.capitalize()}.</p>"


def _page(number: int, pages: int, paragraphs: list[str], chance: random.Random) -> bytes:
    children = (CHILDREN * number + place for place in range(1, CHILDREN + 1))
    linked = {child for child in children if child < pages}
    while len(linked) < min(LINKS, pages):
        linked.add(chance.randrange(pages))
    links = "".join(f'<li><a href="{path_of(to)}">Page {to}</a></li>' for to in sorted(linked))
    head = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page {number}</title>'
        f'<meta name="description" content="The page with the number {number}">'
        f'<link rel="stylesheet" href="/site.css"></head><body><h1>Page {number}</h1>'
        f"<nav><ul>{links}</ul></nav>"
    )
    body = [head]
    size = len(head)
    while size < PAGE_BYTES - 200:
        if len(body) % 5 == 1:
            body.append(f"<h2>Part {len(body)}</h2>")
        body.append(chance.choice(paragraphs))
        size += len(body[-1])
    return ("\n".join(body) + "</body></html>\n").encode()


@contextmanager
def serving(
    folder: Path, log: Path, *, core: int | None, addresses: Sequence[str] = ("127.0.0.1",)
) -> Iterator[tuple[str, str]]:
    """Serve `folder` on loopback, one line of `log` for each request; yield address and server.

    nginx with one process where it is installed, otherwise a small server of our own. All `addresses` have
    the same port; what is yielded is the first of them.
    """
    port = _free_port(addresses[0])
    nginx = nginx_of()
    command = (
        [nginx, "-c", str(_nginx(folder, log, port, addresses)), "-p", str(log.parent)]
        if nginx
        else [sys.executable, "-m", "benchmarks.site", str(folder), str(log), str(port), *addresses]
    )
    server = subprocess.Popen([*pinned(core), *command], stderr=subprocess.DEVNULL)
    try:
        _await(addresses[0], port, server)
        yield f"http://{addresses[0]}:{port}", "nginx" if nginx else "asyncio"
    finally:
        server.terminate()
        server.wait()


def nginx_of() -> str | None:
    """Return the nginx of this machine; where it lies is in the paths of administrators alone."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/local/sbin:/usr/sbin")


def pinned(core: int | None) -> list[str]:
    """Return the words that keep a command on one core."""
    return ["taskset", "-c", str(core)] if core is not None and shutil.which("taskset") else []


def _nginx(folder: Path, log: Path, port: int, addresses: Sequence[str]) -> Path:
    configuration = log.parent / "nginx.conf"
    listen = " ".join(f"listen {address}:{port};" for address in addresses)
    configuration.write_text(
        f"""
daemon off; master_process off; pid {log.parent}/nginx.pid; error_log /dev/null;
events {{ worker_connections 512; }}
http {{
  types {{ text/html html; text/plain txt; text/css css; text/javascript js; image/png png; }}
  log_format asked '$request_uri $status $msec $sent_http_content_type';
  access_log {log} asked buffer=64k;
  client_body_temp_path {log.parent}/body; proxy_temp_path {log.parent}/proxy;
  fastcgi_temp_path {log.parent}/fastcgi; uwsgi_temp_path {log.parent}/uwsgi;
  scgi_temp_path {log.parent}/scgi;
  sendfile on; tcp_nodelay on; keepalive_requests 10000000; charset utf-8; etag on;
  server {{ {listen} root {folder}; }}
}}
"""
    )
    return configuration


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _await(address: str, port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server of the benchmark does not start")


class _Static(asyncio.Protocol):
    """Answers GET for the files of one folder, over connections that stay open."""

    def __init__(self, folder: Path, lines: list[str]) -> None:
        self._folder = folder
        self._lines = lines
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._waiting = (self._waiting + data).split(b"\r\n\r\n")
        for request in requests:
            self._transport.write(self._answer(request.split(b" ", 2)[1].decode()))

    def _answer(self, path: str) -> bytes:
        kind = f"{HTML}; charset=utf-8" if path.endswith(".html") else "text/plain"
        try:
            status, body = "200 OK", (self._folder / path[1:]).read_bytes()
        except OSError:
            status, body = "404 Not Found", b"not found"
        self._lines.append(f"{path} {status[:3]} {time.time():.3f} {kind}\n")
        return (
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )


async def _serve(folder: Path, lines: list[str], port: int, addresses: Sequence[str]) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: _Static(folder, lines), addresses, port)
    await stop.wait()
    server.close()


def _main(folder: str, log: str, port: str, *addresses: str) -> None:
    lines: list[str] = []
    asyncio.run(_serve(Path(folder), lines, int(port), addresses))
    Path(log).write_text("".join(lines))


if __name__ == "__main__":
    _main(*sys.argv[1:])
