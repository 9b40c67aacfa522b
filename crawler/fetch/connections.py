"""The connections over HTTP/1.1 that are kept open between requests, each for its host and way there."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from crawler.errors import FetchError
from crawler.fetch.sent import split

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from crawler.fetch.connection import Connection
    from crawler.fetch.sent import Place
    from crawler.http import Proxy

    Way = tuple[Place, Proxy | None]

KEEP_SECONDS: Final = 15.0


class Connections:
    """Keeps connections that nobody uses for a while; how many there are is the engine's affair.

    A connection is here while it is idle, and with one request while it is not.
    """

    def __init__(self) -> None:
        self._idle: defaultdict[Way, list[Connection]] = defaultdict(list)
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def taken(self, way: Way) -> Connection | None:
        """Return a connection that is open already, the last one that was used; None when there is none."""
        idle = self._idle.get(way)
        while idle:
            connection = idle.pop()
            if not idle:
                del self._idle[way]
            if connection.usable:
                return connection
            connection.abort()
        return None

    def keep(self, way: Way, connection: Connection) -> None:
        """Take a connection back whose request is answered."""
        if self._closed or not connection.usable:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.until = loop.time() + KEEP_SECONDS
        self._idle[way].append(connection)
        if self._timer is None:
            self._timer = loop.call_later(KEEP_SECONDS, self._sweep)

    def leave(self, origins: Collection[str]) -> None:
        """Close the connections to these hosts that nobody uses now, whichever way they go."""
        left = set(_places(origins))
        for way in [way for way in self._idle if way[0] in left]:
            self._close(self._idle.pop(way))

    def close(self) -> None:
        """Close what is kept, and keep nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._idle:
            self._close(self._idle.popitem()[1])

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now, idle = loop.time(), self._idle
        for way in list(idle):
            self._close([connection for connection in idle[way] if connection.until <= now])
            idle[way] = [connection for connection in idle[way] if connection.until > now]
            if not idle[way]:
                del idle[way]
        first = min((connection.until for kept in idle.values() for connection in kept), default=None)
        self._timer = loop.call_at(first, self._sweep) if first is not None else None

    @staticmethod
    def _close(connections: list[Connection]) -> None:
        for connection in connections:
            connection.abort()


def _places(origins: Collection[str]) -> Iterator[Place]:
    for origin in origins:
        try:
            yield split(origin)[0]
        except FetchError:  # nobody could be asked there
            continue
