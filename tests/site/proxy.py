"""A small forward proxy on loopback: absolute URLs, CONNECT, credentials, and a log of who was asked for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from base64 import b64encode
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from types import TracebackType


class ForwardProxy:
    """Serves on its own thread, over `tls` where that is given.

    `asked` is the first line of each request, `failing` refuses all of them, `silent` answers none.
    """

    def __init__(self, *, user: str = "", password: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []
        self.failing = self.silent = False
        self.port = 0
        self._tls = tls
        self._expected = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}" if user else ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="forward-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(timeout=60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=60)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *fields = head.split("\r\n")
            self.asked.append(first)
            if self.silent:
                writer.close()
                return
            if self.failing or (self._expected and f"Proxy-Authorization: {self._expected}" not in fields):
                status = "503 No" if self.failing else "407 Who are you"
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            else:
                await self._forward(first, fields, reader, writer)
        writer.close()

    async def _forward(
        self, first: str, fields: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, target, _ = first.split(" ")
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        there, away = await asyncio.open_connection(parts.hostname, parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(_copy(reader, away), _copy(there, writer))
            return
        kept = [line for line in fields if line and not line.lower().startswith("proxy-")]
        away.write("\r\n".join([f"{method} /{target.split('/', 3)[3]} HTTP/1.1", *kept, "", ""]).encode())
        away.write(await reader.readexactly(_length(fields)))
        status, *answer = (await there.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        writer.write("\r\n".join([status, "Connection: close", *answer]).encode("latin-1"))
        writer.write(await there.readexactly(_length(answer)))
        away.close()


def _length(fields: list[str]) -> int:
    return next((int(line.split(":")[1]) for line in fields if line.lower().startswith("content-length")), 0)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.close()
