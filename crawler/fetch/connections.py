"""aiohttp's connections behind the egress guard, with heads of bounded size."""

from __future__ import annotations

import socket
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from aiohttp import ClientConnectorError, ClientOSError, ServerDisconnectedError, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from crawler.errors import BadResponse, ConnectionLost, FetchError, HeaderBomb, ProxyFailed

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Callable, Collection

    from aiohappyeyeballs import AddrInfoType
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.http import RawResponseMessage
    from aiohttp.streams import StreamReader
    from aiohttp.tracing import Trace

    from crawler.fetch.guard import EgressGuard

_MAX_INTERIM: Final = 20

dialled_at: Final = ContextVar[float | None]("dialled_at", default=None)
"""When the request being sent in this task got a connection of its own; None on one that was kept."""


class GuardedConnector(TCPConnector):
    """Dials what the guard let through and looks at the peer again before a byte is sent.

    The resolver sees names, the socket factory sees addresses written in the URL too; both ask
    the guard. How many connections there are is the engine's affair, so there is no limit here.
    """

    def __init__(
        self, guard: EgressGuard, *, max_head_bytes: int, may_send: Callable[[], bool], tls: ssl.SSLContext
    ) -> None:
        super().__init__(
            ssl=tls,
            resolver=_GuardedResolver(guard),
            socket_factory=self._socket,
            use_dns_cache=False,
            limit=0,
            limit_per_host=0,
        )
        self._guard = guard
        self._may_send = may_send
        self._factory = cast(
            "partial[ResponseHandler]", partial(_BoundedResponses, self._loop, max_head_bytes)
        )

    def leave(self, origins: Collection[str]) -> None:
        """Close the connections to these hosts that nobody uses now."""
        left = {(url.raw_host, url.port, url.scheme == "https") for url in map(URL, origins)}
        for key in [key for key in self._conns if (key.host, key.port, key.is_ssl) in left]:
            for protocol, _kept_since in self._conns.pop(key):
                protocol.close()

    def _socket(self, info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        self._guard.check(str(address[0]), int(address[1]))
        return socket.socket(family=family, type=kind, proto=protocol)

    async def _create_connection(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> ResponseHandler:
        dialled_at.set(self._loop.time())
        protocol = await super()._create_connection(req, traces, timeout)
        dialled_at.set(self._loop.time())
        peer = protocol.transport.get_extra_info("peername") if protocol.transport else None
        try:
            if peer is None or not self._may_send():
                raise ConnectionLost
            self._guard.check(str(peer[0]), int(peer[1]))
        except FetchError:
            protocol.close()
            raise
        return protocol

    async def _create_proxy_connection(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> tuple[asyncio.BaseTransport, ResponseHandler]:
        """Open a tunnel where one is needed: who hangs up instead is the proxy, not the host."""
        try:
            return await super()._create_proxy_connection(req, traces, timeout)
        except ClientConnectorError:
            raise
        except (ServerDisconnectedError, ClientOSError):
            raise ProxyFailed(f"the proxy {req.proxy} hangs up instead of opening a tunnel") from None


class _GuardedResolver(AbstractResolver):
    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  # the guard judges all of them
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._guard.resolve(host, port)
        ]

    async def close(self) -> None:
        """The guard is closed by whoever made it."""


class _BoundedResponses(ResponseHandler):
    """Reads responses whose heads do not end: aiohttp bounds each header but not all of them together."""

    def __init__(self, loop: asyncio.AbstractEventLoop, max_head_bytes: int) -> None:
        super().__init__(loop)
        self._max_head_bytes = max_head_bytes
        self._head_bytes = self._interim = 0
        self._complete = False

    def set_response_params(self, **params: Any) -> None:
        self._head_bytes = self._interim = 0
        self._complete = False
        super().set_response_params(**params)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take a whole head; interim ones (RFC 9110 §15.2) are followed by another."""
        if 100 <= data[0].code < 200:
            self._interim += 1
            if self._interim > _MAX_INTERIM:
                self._end(BadResponse("the server sends one interim response after the other"))
                return
        else:
            self._complete = True
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._complete:
            self._head_bytes += len(data)
            if self._head_bytes > self._max_head_bytes and self.exception() is None:
                self._end(HeaderBomb())

    def set_exception(self, exc: BaseException, *cause: Any) -> None:
        super().set_exception(exc, *cause)
        # aiohttp tells the one who waits for a head; who waits for the rest of a body would wait for ever
        payload = self._payload
        if isinstance(exc, HttpProcessingError) and payload is not None and not payload.is_eof():
            payload.set_exception(BadResponse("the body is not valid HTTP"))

    def _end(self, error: Exception) -> None:
        if self.transport is not None:
            self.transport.close()
        self.set_exception(error)
