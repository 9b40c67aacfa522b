"""httpcore's connections behind the egress guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore

from crawler.errors import FetchError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from httpcore import SOCKET_OPTION

    from crawler.fetch.guard import EgressGuard


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Dials the addresses that the guard let through, one after the other, and looks at the peer again.

    What the guard raises passes through httpcore as it is.
    """

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard
        self._dialler = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a connection to `host`. Raises FetchError, and httpcore's errors of connecting."""
        trouble: Exception = httpcore.ConnectError()
        for address in await self._guard.resolve(host, port):
            try:
                stream = await self._dialler.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
                continue
            await self._check(stream)
            return stream
        raise trouble

    async def _check(self, stream: httpcore.AsyncNetworkStream) -> None:
        address, port, *_ = stream.get_extra_info("server_addr")
        try:
            self._guard.check(str(address), int(port))
        except FetchError:
            await stream.aclose()
            raise

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        raise Refused

    async def sleep(self, seconds: float) -> None:
        await self._dialler.sleep(seconds)
