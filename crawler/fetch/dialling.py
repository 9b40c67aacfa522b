"""Opens connections behind the egress guard: to addresses it let through, over TLS, through proxies."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

import aiohappyeyeballs

from crawler.errors import ConnectFailed, ConnectionLost, FetchError, TimedOut, TlsFailed
from crawler.fetch import proxied, sent
from crawler.fetch.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohappyeyeballs import AddrInfoType

    from crawler.fetch.guard import EgressGuard
    from crawler.fetch.limits import Deadline, FetchLimits
    from crawler.fetch.sent import Place
    from crawler.http import Proxy
    from crawler.policy.addresses import Address

_NEXT_ADDRESS_SECONDS: Final = 0.25


class Dialler:
    """Dials what the guard let through and looks at the peer again before a byte is sent.

    A name is looked up by the guard and by nobody else; several addresses of it are tried side by side
    (RFC 8305). `may_send` is asked once more after dialling, which may have taken long.
    """

    def __init__(
        self, guard: EgressGuard, *, limits: FetchLimits, may_send: Callable[[], bool], tls: ssl.SSLContext
    ) -> None:
        self._guard = guard
        self._limits = limits
        self._may_send = may_send
        self._tls = tls
        self._connect_seconds = limits.connect.total_seconds()
        self._make = partial(Connection, limits)

    async def dial(self, place: Place, proxy: Proxy | None, deadline: Deadline) -> Connection:
        """Return a new connection that leads to `place`. Raises FetchError."""
        if proxy is None:
            connection = await self._direct(place)
        else:
            connection = await self._through(proxy, place, deadline)
        if not self._may_send():
            connection.abort()
            raise ConnectionLost
        return connection

    async def _direct(self, place: Place) -> Connection:
        try:
            return await self._open(place)
        except OSError as error:
            raise _translated(error) from None

    async def _through(self, proxy: Proxy, place: Place, deadline: Deadline) -> Connection:
        try:
            connection = await self._open(sent.split(proxy.url)[0])
        except OSError as error:
            raise proxied.failed(proxy, error) from None
        if not place.tls:
            return connection
        try:
            return await self._tunnelled(connection, proxy, place, deadline)
        except TimeoutError as error:
            raise proxied.failed(proxy, error) from None
        except OSError as error:
            raise _translated(error) from None

    async def _tunnelled(
        self, connection: Connection, proxy: Proxy, place: Place, deadline: Deadline
    ) -> Connection:
        try:
            await proxied.open_tunnel(connection, proxy, place, deadline)
            secured = await self._secured(connection, place)
        except BaseException:
            connection.abort()
            raise
        connection.hand_over()
        return secured

    async def _open(self, place: Place) -> Connection:
        """Return a connection to what listens at `place`. Raises OSError, and what the guard does."""
        infos = [_info(address, place.port) for address in await self._addresses(place)]
        async with asyncio.timeout(self._connect_seconds):
            _, connection = await asyncio.get_running_loop().create_connection(
                self._make,
                sock=await self._dialled(infos),
                ssl=self._tls if place.tls else None,
                server_hostname=place.name if place.tls else None,
            )
        return connection

    async def _dialled(self, infos: list[AddrInfoType]) -> socket.socket:
        """Return a socket that is connected to one of these, and judged by whom it really reached."""
        dialled = await aiohappyeyeballs.start_connection(
            infos, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS, interleave=1
        )
        try:
            peer = dialled.getpeername()
            self._guard.check(str(peer[0]), int(peer[1]))
        except BaseException:
            dialled.close()
            raise
        return dialled

    async def _secured(self, tunnel: Connection, place: Place) -> Connection:
        """Return a connection over TLS with the host at the end of a tunnel. Raises OSError."""
        loop, connection = asyncio.get_running_loop(), self._make()
        async with asyncio.timeout(self._connect_seconds):
            transport = await loop.start_tls(
                tunnel.transport, connection, self._tls, server_hostname=place.name
            )
        if transport is None:
            raise ConnectionLost
        connection.connection_made(transport)
        return connection

    async def _addresses(self, place: Place) -> list[Address]:
        try:
            written = ip_address(place.host)
        except ValueError:
            return await self._guard.resolve(place.host, place.port)
        self._guard.check(written, place.port)
        return [written]


def _info(address: Address, port: int) -> AddrInfoType:
    if address.version == 4:
        return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port)
    return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port, 0, 0)


def _translated(error: OSError) -> FetchError:
    """Return our error for one of dialling. Their texts name addresses, so none is passed on but TLS's."""
    match error:
        case ssl.SSLCertVerificationError():
            return TlsFailed(f"the certificate is not valid: {error.verify_message}")
        case ssl.SSLError():
            return TlsFailed()
        case TimeoutError(errno=None):
            return TimedOut(which="connect")
        case _:
            return ConnectFailed()
