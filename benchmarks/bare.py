"""The least that a page over HTTP/1.1 takes: one connection, httptools, no bounds, no trouble expected."""

from __future__ import annotations

import asyncio
from typing import cast
from urllib.parse import urlsplit

from httptools import HttpResponseParser


class BareConnection(asyncio.Protocol):
    """Asks for one page after the other; believes whatever comes."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._whole: asyncio.Future[bytes] | None = None
        self._body: list[bytes] = []

    async def get(self, path: str) -> bytes:
        assert self._transport is not None
        self._whole = asyncio.get_running_loop().create_future()
        self._transport.write(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        return await self._whole

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        assert self._whole is not None
        self._whole.set_result(b"".join(self._body))
        self._body.clear()


class BareClient:
    """Takes a connection to one host for each page, and gives it back."""

    def __init__(self) -> None:
        self._idle: list[BareConnection] = []

    async def aclose(self) -> None:
        for connection in self._idle:
            connection.close()
        await asyncio.sleep(0)

    async def get(self, url: str) -> bytes:
        parts = urlsplit(url)
        connection = (
            self._idle.pop() if self._idle else await self._dialled(str(parts.hostname), parts.port or 80)
        )
        body = await connection.get(parts.path)
        self._idle.append(connection)
        return body

    async def _dialled(self, host: str, port: int) -> BareConnection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: BareConnection(f"{host}:{port}"), host, port)
        return connection
