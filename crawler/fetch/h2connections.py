"""Connections that speak HTTP/2, behind the egress guard, each for one exchange at a time."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import httpcore

from crawler.errors import BadResponse, ConnectFailed, ConnectionLost, TimedOut, TlsFailed
from crawler.fetch.backend import GuardedBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.fetch.guard import EgressGuard

KEEP_SECONDS: Final = 15.0
MOST_KEPT: Final = 200
READ_BYTES: Final = 16_384
FRAMES_BYTES: Final = 98_304
"""What a server may send beyond the body it is asked for: its head, settings, pings and empty frames."""


class _Metered(httpcore.AsyncNetworkStream):
    """A connection on which a server cannot send frames without end, each of which costs time to read.

    What is read of it counts against `allowed`; each piece of a body earns back twice its size.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self.allowed = FRAMES_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return a little, so that others have turns between. Raises BadResponse when too much was sent."""
        data = await self._stream.read(min(max_bytes, READ_BYTES), timeout)
        self.allowed -= len(data)
        if self.allowed < 0:
            raise BadResponse("the server sends one frame after the other and no answer")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class Connection:
    """An open connection to one origin, made at `made_at`; `kept` says that it was used before."""

    __slots__ = ("_meter", "exchange", "kept", "made_at", "origin", "until")

    def __init__(self, origin: httpcore.Origin, stream: httpcore.AsyncNetworkStream) -> None:
        self.origin = origin
        self._meter = _Metered(stream)
        self.exchange = httpcore.AsyncHTTP2Connection(origin=origin, stream=self._meter)
        self.kept = False
        self.made_at = asyncio.get_running_loop().time()
        self.until = 0.0

    def begin(self) -> None:
        """Allow one answer, whatever was sent before."""
        self._meter.allowed = FRAMES_BYTES

    def got(self, size: int) -> None:
        """Allow more for a piece of a body that has come."""
        self._meter.allowed += 2 * size


class Http2Connections:
    """Opens connections that the guard lets through, and keeps those that nobody uses for a while.

    A connection has one exchange at a time, so that one which is broken off, by closing, harms no other
    and leaves nothing in memory. What nobody closed is closed with the client.
    """

    def __init__(
        self,
        guard: EgressGuard,
        *,
        may_send: Callable[[], bool],
        tls: ssl.SSLContext,
        connect_seconds: float,
    ) -> None:
        self._backend = GuardedBackend(guard)
        self._may_send = may_send
        self._tls = tls
        self._connect_seconds = connect_seconds
        self._kept: defaultdict[str, list[Connection]] = defaultdict(list)

    async def kept(self, origin: httpcore.Origin) -> Connection | None:
        """Return a connection that is open already; None when there is none."""
        now = asyncio.get_running_loop().time()
        place = str(origin)
        while self._kept[place]:
            connection = self._kept[place].pop()
            if connection.until > now and connection.exchange.is_available():
                return connection
            await self.close(connection)
        del self._kept[place]
        return None

    async def dialled(self, origin: httpcore.Origin) -> Connection | None:
        """Return a new connection; None when the server does not offer HTTP/2. Raises FetchError."""
        host = origin.host.decode()
        try:
            stream = await self._backend.connect_tcp(host, origin.port, self._connect_seconds)
        except httpcore.ConnectTimeout:
            raise TimedOut(which="connect") from None
        except (httpcore.ConnectError, OSError):
            raise ConnectFailed from None
        stream = await self._secured(stream, host)
        offered = stream.get_extra_info("ssl_object").selected_alpn_protocol()
        if offered != "h2" or not self._may_send():
            await stream.aclose()
            if offered != "h2":
                return None
            raise ConnectionLost
        return Connection(origin, stream)

    async def _secured(self, stream: httpcore.AsyncNetworkStream, host: str) -> httpcore.AsyncNetworkStream:
        try:
            return await stream.start_tls(self._tls, host, self._connect_seconds)
        except httpcore.ConnectTimeout:
            raise TimedOut(which="connect") from None
        except (httpcore.ConnectError, OSError) as error:
            raise TlsFailed(_reason(error)) from None
        except BaseException:
            await stream.aclose()
            raise

    async def keep(self, connection: Connection) -> None:
        """Take a connection back whose exchange is complete."""
        if sum(map(len, self._kept.values())) >= MOST_KEPT or not connection.exchange.is_available():
            await self.close(connection)
            return
        connection.kept = True
        connection.until = asyncio.get_running_loop().time() + KEEP_SECONDS
        self._kept[str(connection.origin)].append(connection)

    async def leave(self, origin: httpcore.Origin) -> None:
        """Close what is kept of one origin."""
        for connection in self._kept.pop(str(origin), ()):
            await self.close(connection)

    async def close(self, connection: Connection) -> None:
        """Close a connection, whatever is under way on it."""
        try:
            await connection.exchange.aclose()
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            return

    async def aclose(self) -> None:
        """Close what is kept."""
        for connections in self._kept.values():
            for connection in connections:
                await self.close(connection)
        self._kept.clear()


def _reason(error: BaseException) -> str | None:
    """Return what OpenSSL says of a certificate; nothing else of it is for people."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not valid: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return None
