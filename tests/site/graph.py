"""A large deterministic site over several hosts, whose log is the truth about what was fetched."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

LINKS_A_PAGE = 10
STARTED_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request: when it came (`time.time()`), to which address and for which path."""

    at: float
    host: str
    path: str


class GraphSite:
    """Serves `/page/0` … `/page/<pages-1>`, spread over hosts on loopback addresses of their own.

    Page n links to its ten children in a tree, wherever they live, so that a crawl from page 0
    reaches every page exactly once. There is no robots.txt.
    """

    def __init__(self, *, pages: int, hosts: int = 1, first: int = 1) -> None:
        self.pages = pages
        self.addresses = [f"127.0.7.{first + number}" for number in range(hosts)]
        self.hits: list[Hit] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="graph-site", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(STARTED_SECONDS):
            raise RuntimeError("the graph site did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def url(self, page: int) -> str:
        """Return where a page lives."""
        return f"http://{self.addresses[page % len(self.addresses)]}:{self.port}/page/{page}"

    def urls(self) -> set[str]:
        return {self.url(page) for page in range(self.pages)}

    def fetched(self) -> Counter[str]:
        """Return how often each page was asked for."""
        return Counter(
            f"http://{hit.host}:{self.port}{hit.path}" for hit in self.hits if hit.path.startswith("/page/")
        )

    def first_hit(self, host: str, path: str) -> float | None:
        return next((hit.at for hit in self.hits if hit.host == host and hit.path == path), None)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        servers = []
        for address in self.addresses:
            server = self._loop.run_until_complete(asyncio.start_server(self._answer, address, self.port))
            self.port = server.sockets[0].getsockname()[1]
            servers.append(server)
        self._started.set()
        self._loop.run_forever()
        for server in servers:
            server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                self.hits.append(Hit(at=time.time(), host=address, path=path))
                status, body = self._page(path)
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\n".encode()
                    + f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _page(self, path: str) -> tuple[str, bytes]:
        number = path.removeprefix("/page/")
        if not number.isdigit() or int(number) >= self.pages:
            return "404 Not Found", b"no such page"
        page = int(number)
        children = range(page * LINKS_A_PAGE + 1, min(page * LINKS_A_PAGE + LINKS_A_PAGE + 1, self.pages))
        links = "".join(f'<li><a href="{self.url(child)}">page {child}</a></li>' for child in children)
        return (
            "200 OK",
            f"<html><title>Page {page}</title><h1>Page {page}</h1><ul>{links}</ul></html>".encode(),
        )
