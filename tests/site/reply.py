"""What a page says with: whole responses, single bytes, or nothing and a closed door."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Iterable


class Reply:
    """One connection's answering side."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.closed = False

    async def send(self, status: int, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()) -> None:
        """Send a whole, correct response."""
        fields = list(headers)
        if status not in {204, 304} and status >= 200:
            fields.append(("Content-Length", str(len(body))))
        await self.head(status, fields)
        await self.raw(body)

    async def head(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        lines = [f"HTTP/1.1 {status} Because", *(f"{name}: {value}" for name, value in headers)]
        await self.raw(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape"))

    async def chunk(self, data: bytes) -> None:
        await self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    async def raw(self, data: bytes) -> None:
        if data:
            self._writer.write(data)
            await self._writer.drain()

    def close(self) -> None:
        """Close in order (FIN)."""
        self.closed = True

    def reset(self) -> None:
        """Slam the door (RST)."""
        self.closed = True
        sock: Any = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def respond(
    status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()
) -> Callable[[Any, Any, Reply], Awaitable[None]]:
    """Return a page that always answers so."""
    fields = list(headers)

    async def page(_site: Any, _request: Any, reply: Reply) -> None:
        await reply.send(status, body, fields)

    return page
