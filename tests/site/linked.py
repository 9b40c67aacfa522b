"""A seeded web of linked pages in a process of its own, whose log is the truth about what was asked."""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Self

from tests.site.graph import Hit

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
CHILDREN = 8
LINKS_ACROSS = 3
FASTEST_SECONDS, SLOWEST_SECONDS = 0.005, 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Which page lives on which host and links to which others; the same seed makes the same graph.

    The first pages are one on each host, and where a crawl begins; from them a tree reaches every
    page, and links across it name most pages more than once.
    """

    pages: int
    hosts: int
    seed: int = 1

    def host_of(self, page: int) -> str:
        return f"127.0.9.{1 + page % self.hosts}"

    def links(self, page: int) -> list[int]:
        first = self.hosts + page * CHILDREN
        chance = Random(f"{self.seed}/{page}")
        across = [chance.randrange(self.pages) for _ in range(LINKS_ACROSS)]
        found = [*range(first, min(first + CHILDREN, self.pages)), *across]
        chance.shuffle(found)
        return found

    def takes_seconds(self, page: int) -> float:
        """Return how long the host thinks about a page."""
        return Random(f"{self.seed}/takes/{page}").uniform(FASTEST_SECONDS, SLOWEST_SECONDS)


class LinkedSite:
    """Serves a graph at `/page/<n>` on loopback addresses, `/aside` beside it, and no robots.txt.

    Every request is written to the log before it is answered, so whatever ends a crawler, the log
    knows what it has asked for.
    """

    def __init__(self, graph: Graph, *, log: Path) -> None:
        self.graph = graph
        self._log = log
        self._log.touch()
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        graph = self.graph
        numbers = (str(number) for number in (graph.pages, graph.hosts, graph.seed))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.site.linked", *numbers, str(self._log)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        with self._process as process:
            process.kill()

    def url(self, page: int) -> str:
        return f"http://{self.graph.host_of(page)}:{self.port}/page/{page}"

    @property
    def aside(self) -> str:
        """A page that is no part of the graph."""
        return f"http://{self.graph.host_of(0)}:{self.port}/aside"

    @property
    def starts(self) -> list[str]:
        """Where a crawl begins: one page on each host."""
        return [self.url(page) for page in range(self.graph.hosts)]

    @cached_property
    def urls(self) -> frozenset[str]:
        """Every page there is."""
        return frozenset(self.url(page) for page in range(self.graph.pages))

    @property
    def hits(self) -> list[Hit]:
        """What was asked so far, oldest first."""
        words = (line.split(" ") for line in self._log.read_text().splitlines())
        return [Hit(at=float(at), host=host, path=path) for at, host, path in words if path != "/mark"]

    @property
    def asked(self) -> Counter[str]:
        """How often each page was asked for."""
        return Counter(
            f"http://{hit.host}:{self.port}{hit.path}" for hit in self.hits if hit.path.startswith("/page/")
        )

    def catch_up(self) -> None:
        """Return once everything that was sent to the site before this call is in its log."""
        for host in range(self.graph.hosts):
            for _ in range(2):  # one to be accepted after all others, one to be read after them
                asking = http.client.HTTPConnection(self.graph.host_of(host), self.port, timeout=60)
                with closing(asking):
                    asking.request("GET", "/mark")
                    asking.getresponse().read()


async def serve(graph: Graph, log: int) -> None:
    """Serve until the process is killed; says the port once it listens on every host."""
    port = 0
    for host in range(graph.hosts):
        server = await asyncio.start_server(
            lambda reader, writer: _answer(graph, log, reader, writer), graph.host_of(host), port
        )
        port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def _answer(graph: Graph, log: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, port = writer.get_extra_info("sockname")[:2]
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path = head.split(b" ", 2)[1].decode()
            os.write(log, f"{time.time():.4f} {host} {path}\n".encode())
            number = path.removeprefix("/page/")
            page = int(number) if number.isdigit() and int(number) < graph.pages else None
            if page is not None:
                await asyncio.sleep(graph.takes_seconds(page))
            writer.write(ASIDE if path == "/aside" else _reply(graph, port, page))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


ASIDE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 28\r\n\r\n<title>Aside</title>An aside"
)


def _reply(graph: Graph, port: int, page: int | None) -> bytes:
    if page is None:
        status, body = "404 Not Found", b"no such page"
    else:
        links = "".join(
            f'<li><a href="http://{graph.host_of(other)}:{port}/page/{other}">page {other}</a></li>'
            for other in graph.links(page)
        )
        status = "200 OK"
        body = f"<html><title>Page {page}</title><h1>Page {page}</h1><ul>{links}</ul></html>".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("pages", "hosts", "seed"):
        parser.add_argument(name, type=int)
    parser.add_argument("log")
    asked = parser.parse_args()
    log = os.open(asked.log, os.O_WRONLY | os.O_APPEND)
    asyncio.run(serve(Graph(pages=asked.pages, hosts=asked.hosts, seed=asked.seed), log))


if __name__ == "__main__":
    main()
