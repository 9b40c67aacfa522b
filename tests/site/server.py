"""The server: reads requests, keeps the log, and hands each to the page of its path."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, unquote

from benchmarks import arrivals
from tests.site.http2 import Http2Connection
from tests.site.pages import PAGES, Page
from tests.site.reply import Reply, respond

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Sequence
    from types import TracebackType


_TLS_HANDSHAKE = b"\x16"


@dataclass(slots=True)
class Received:
    """One request as it came. Times are `time.monotonic()`.

    `started` is when it reached this machine, `finished` when the site noted that it had answered, and
    None before.
    """

    method: str
    target: str
    host: str
    headers: tuple[tuple[str, str], ...]
    port: int
    started: float
    body: bytes = b""
    http2: bool = False
    finished: float | None = None
    path: str = ""
    query: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        path, _, query = self.target.partition("?")
        self.path = unquote(path)
        self.query = dict(parse_qsl(query, keep_blank_values=True))

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class HostileSite:
    """Serves on its own thread, so that any test can use it: sync, async or in other processes.

    Each port is a host of its own to a crawler; all serve the same pages. `requests` is what was
    really sent, in the order it came, and `connections` how often anyone connected at all.
    """

    def __init__(
        self, *, ports: int = 1, addresses: Sequence[str] = ("127.0.0.1",), tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.robots: str | None = None
        self._pages: dict[str, Page] = {}
        self._times: dict[str, int] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._tls = tls
        self._sockets = [_listen(address) for address in addresses for _ in range(ports)]
        self._addresses: list[tuple[str, int]] = [
            (str(name[0]), int(name[1])) for name in (listener.getsockname() for listener in self._sockets)
        ]
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="hostile-site", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(timeout=60):
            raise RuntimeError("the hostile site did not start")

    def stop(self) -> None:
        if self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(timeout=60)

    @property
    def origins(self) -> list[str]:
        scheme = "https" if self._tls else "http"
        return ["{}://{}:{}".format(scheme, *listener) for listener in self._addresses]

    @property
    def origin(self) -> str:
        return self.origins[0]

    @property
    def host(self) -> str:
        return self._addresses[0][0]

    @property
    def port(self) -> int:
        return self._addresses[0][1]

    def url(self, path: str, *, origin: int = 0) -> str:
        return self.origins[origin] + path

    def serve(
        self,
        path: str,
        body: bytes | str = b"",
        *,
        status: int = 200,
        headers: Iterable[tuple[str, str]] = (),
    ) -> str:
        """Answer `path` with this from now on, and return its URL."""
        content = body.encode() if isinstance(body, str) else body
        fields = [("Content-Type", "text/html; charset=utf-8"), *headers]
        return self.answer(path, respond(status, content, fields))

    def answer(self, path: str, page: Page) -> str:
        """Let `page` answer `path` from now on, and return its URL."""
        self._pages[path] = page
        return self.url(path)

    def asked(self, path: str) -> list[Received]:
        """Return the requests for `path`, without query, so far."""
        return [request for request in self.requests if request.path == path]

    def count(self, key: str) -> int:
        """Return how often this was called with `key`, itself included; for pages that change."""
        self._times[key] = self._times.get(key, 0) + 1
        return self._times[key]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        servers = [
            await asyncio.start_server(self._connection, sock=listener, ssl=self._tls, limit=1_048_576)
            for listener in self._sockets
        ]
        self._ready.set()
        await self._stop.wait()
        for listener in self._sockets:  # a server must not be closed while it accepts somebody
            self._loop.remove_reader(listener)
        while asyncio.all_tasks() - {asyncio.current_task()}:
            for task in self._answering:
                if not task.cancelling():
                    task.cancel()
            await asyncio.sleep(0)
        for server in servers:
            server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        reply = Reply(writer)
        tls = writer.get_extra_info("ssl_object")
        try:
            if tls is not None and tls.selected_alpn_protocol() == "h2":
                await Http2Connection(self, reader, writer).serve()
                return
            while not reply.closed:
                request = await self._read(reader, writer)
                if request is None:
                    break
                self.requests.append(request)
                try:
                    await self.page_of(request)(self, request, reply)
                finally:
                    request.finished = time.monotonic()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass
        except asyncio.CancelledError:
            reply.closed = True  # the site stops; asyncio's streams would log a cancelled task as a failure
        finally:
            with contextlib.suppress(ConnectionError, RuntimeError):
                if task.cancelling():
                    writer.transport.abort()
                writer.close()
                await writer.wait_closed()
            self._answering.discard(task)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Received | None:
        try:
            begin = await reader.readexactly(1)
            if begin == _TLS_HANDSHAKE:
                writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                return None
            started = time.monotonic() - arrivals.seconds_ago(writer)
            head = begin + await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = tuple(
            (name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)
        )
        fields = {name.lower(): value for name, value in reversed(headers)}
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        return Received(
            method=method,
            target=target,
            host=fields.get("host", ""),
            headers=headers,
            port=writer.get_extra_info("sockname")[1],
            started=started,
            body=body,
        )

    def received(
        self, *, method: str, target: str, headers: tuple[tuple[str, str], ...], port: int, body: bytes
    ) -> Received:
        """Write a request over HTTP/2 into the log."""
        host = next(value for name, value in headers if name == "host")
        request = Received(
            method=method,
            target=target,
            host=host,
            headers=headers,
            port=port,
            started=time.monotonic(),
            body=body,
            http2=True,
        )
        self.requests.append(request)
        return request

    def page_of(self, request: Received) -> Page:
        """Return what answers a request."""
        if (own := self._pages.get(request.path)) is not None:
            return own
        for prefix, page in PAGES:
            below = len(prefix) > 1 and prefix.endswith("/")
            if request.path == prefix or (below and request.path.startswith(prefix)):
                return page
        return respond(404, b"<h1>Not here</h1>", [("Content-Type", "text/html")])


def _listen(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 0))
    listener.listen(512)
    return listener
