"""A site of many hosts on loopback addresses, in a process of its own, whose log says when what was asked.

The page `/list/<name>/<n>` of each host links to `/<name>/0` … `/<name>/<n-1>` on the same host. What lies
below `/drip/` comes at a byte a second and does not end; when whoever asked has gone, that is one more hit,
of DRIPPED. Every other page is small and links to nothing. There is no robots.txt, unless every fifth host
is to ask for a crawl delay.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import arrivals

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = Path(__file__).resolve().parent.parent
DRIPPED = "/dripped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request: when its first byte came (`time.time()`), by which host, for which path.

    `at_once` is how many the host was answering then, and `connections` how many were open there, this
    one included.
    """

    at: float
    host: int
    path: str
    at_once: int
    connections: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the hosts are, by number, and what they were asked."""

    port: int
    log: Path

    def url(self, host: int, path: str) -> str:
        return f"http://{address(host)}:{self.port}{path}"

    def hits(self) -> list[Hit]:
        """Return all that was asked so far, oldest first."""
        return [_parsed(line) for line in self.log.read_text().splitlines()]

    def follow(self) -> Follower:
        """Return a reader of what is asked from now on."""
        return Follower(self.log)


class Follower:
    """Reads a log from its end on."""

    def __init__(self, log: Path) -> None:
        self._file = log.open(encoding="utf-8")
        self._file.seek(0, os.SEEK_END)
        self._rest = ""

    def new(self) -> list[Hit]:
        """Return what was asked since the last call."""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        return [_parsed(line) for line in lines]

    def close(self) -> None:
        self._file.close()


def address(host: int) -> str:
    """Return the address of a host; there are 250 × 250 at most."""
    return f"127.1.{1 + host // 250}.{1 + host % 250}"


def _parsed(line: str) -> Hit:
    at, host, path, at_once, connections = line.split(" ")
    return Hit(at=float(at), host=int(host), path=path, at_once=int(at_once), connections=int(connections))


def has_crawl_delay(host: int) -> bool:
    return host % 5 == 0


@contextmanager
def serving(*, hosts: int, folder: Path, crawl_delay: int = 0, thinks: float = 0.0) -> Iterator[Site]:
    """Serve that many hosts until the block ends; each thinks for so many seconds about an answer."""
    log = folder / "asked.log"
    log.touch()
    command = [sys.executable, "-m", "benchmarks.manyhosts", str(hosts), str(log)]
    command += [str(crawl_delay), str(thinks)]
    with subprocess.Popen(command, cwd=BASE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Site(port=int(process.stdout.readline()), log=log)
        finally:
            process.kill()


async def _serve(hosts: int, log: int, crawl_delay: int, thinks: float) -> None:
    port = 0
    for host in range(hosts):
        robots = (
            f"User-agent: *\nCrawl-delay: {crawl_delay}\n" if crawl_delay and has_crawl_delay(host) else ""
        )
        answering = _Answering(host, log, robots, thinks)
        server = await asyncio.start_server(answering, address(host), port, backlog=256)
        port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@dataclass(slots=True)
class _Answering:
    host: int
    log: int
    robots: str
    thinks: float
    at_once: int = 0
    connections: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while first := await reader.read(1):
                at = time.time() - arrivals.seconds_ago(writer)
                head = first + await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                self.at_once += 1
                self._note(at, path)
                if path.startswith("/drip/"):
                    await self._drip(writer)
                if self.thinks:
                    await asyncio.sleep(self.thinks)
                self.at_once -= 1
                writer.write(_reply(path, self.robots))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.connections -= 1
            writer.close()

    def _note(self, at: float, path: str) -> None:
        os.write(self.log, f"{at:.6f} {self.host} {path} {self.at_once} {self.connections}\n".encode())

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        """Raises ConnectionError when nobody listens any more."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000000\r\n\r\n")
        try:
            while True:
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(1)
        finally:
            self.at_once -= 1
            self._note(time.time(), DRIPPED)


def _reply(path: str, robots: str) -> bytes:
    match path.split("/")[1:]:
        case ["robots.txt"] if robots:
            status, body = "200 OK", robots.encode()
        case ["robots.txt"]:
            status, body = "404 Not Found", b"none"
        case ["list", name, number]:
            links = "".join(f'<a href="/{name}/{n}">{n}</a>\n' for n in range(int(number)))
            status, body = "200 OK", f"<title>List</title>{links}".encode()
        case _:
            status, body = "200 OK", f"<title>{path}</title><h1>{path}</h1><p>A page.</p>".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("hosts", type=int)
    parser.add_argument("log")
    parser.add_argument("crawl_delay", type=int)
    parser.add_argument("thinks", type=float)
    asked = parser.parse_args()
    log = os.open(asked.log, os.O_WRONLY | os.O_APPEND)
    asyncio.run(_serve(asked.hosts, log, asked.crawl_delay, asked.thinks))


if __name__ == "__main__":
    main()
