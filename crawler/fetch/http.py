"""Fetches over HTTP/1.1: one exchange at a time, every bound enforced, nothing followed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from crawler.errors import BadRequest, ConnectionLost, FetchError, TimedOut
from crawler.fetch import proxied
from crawler.fetch.answers import bare, body_of, confirm, fetched
from crawler.fetch.connections import Connections
from crawler.fetch.dialling import Dialler
from crawler.fetch.limits import Deadline, FetchLimits
from crawler.fetch.sent import Heads, split
from crawler.fetch.tls import trust
from crawler.http import Failed, Fetched, Outcome, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Collection
    from types import TracebackType

    from crawler.fetch.connection import Connection
    from crawler.fetch.connections import Way
    from crawler.fetch.guard import EgressGuard
    from crawler.fetch.parsing import Answer


class HttpFetcher:
    """Sends one GET, or a form, at a time for each caller, any number of callers at once.

    Network trouble leaves as `Failed`, never as an exception. It keeps connections open between
    fetches and nothing else: no cookies, no credentials, no redirects, no environment.
    """

    def __init__(
        self,
        guard: EgressGuard,
        *,
        user_agent: str = "Trawl",
        limits: FetchLimits | None = None,
        may_send: Callable[[], bool] = lambda: True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Make a client; `may_send` is asked once more after dialling, which may have taken long.

        `tls` says whose certificates are believed, by default those of the system's authorities.
        """
        self._guard = guard
        self._limits = limits = limits or FetchLimits()
        self._inflating = limits.inflating
        self._total_seconds = limits.total.total_seconds()
        self._headers_seconds = limits.headers.total_seconds()
        self._slow_seconds = limits.slow_after.total_seconds()
        self._heads = Heads(user_agent)
        self._dialler = Dialler(guard, limits=limits, may_send=may_send, tls=tls or trust())
        self._connections: Connections | None = None

    async def __aenter__(self) -> Self:
        self._connections = Connections()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened().close()
        await asyncio.sleep(0)  # what was closed is gone in the next turn of the loop

    async def fetch(self, request: Request) -> Outcome:
        """Return the response to `request`, whatever its status, or why there is none."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = Deadline(self._ends(started, request), self._slow_seconds)
        error: FetchError
        try:
            place, target = split(request.url)
            sent = self._heads.of(request, place, target)
            async with asyncio.timeout_at(deadline.for_headers(started + self._headers_seconds)) as scope:
                if request.proxy is not None:
                    await proxied.judge(self._guard, request.proxy, place)
                way = (place, request.proxy)
                return await self._exchange(request, way, sent, deadline.of(scope), started)
        except FetchError as failure:
            error = failure
        except TimeoutError:
            error = TimedOut(which=deadline.which)
        except ValueError:  # what the system makes of a name that none can have
            error = BadRequest()
        return Failed(url=request.url, error=bare(error), elapsed_seconds=loop.time() - started)

    async def leave(self, origins: Collection[str]) -> None:
        """Close what was kept open to these hosts."""
        self._opened().leave(origins)

    async def _exchange(
        self, request: Request, way: Way, sent: bytes, deadline: Deadline, started: float
    ) -> Fetched:
        """Send a request once.

        A connection that was kept may have been closed while nobody looked: then a GET is sent again on a
        new one (RFC 9110 §9.2.2). A server that closes a new one has been asked, and is left alone.
        """
        connection = self._opened().taken(way)
        if connection is not None:
            try:
                answer = await self._ask(connection, request, way, sent, deadline)
            except ConnectionLost:
                if request.form is not None or connection.heard:
                    raise
            else:
                return await self._fetched(request, answer, started, None)
        connection = await self._dialler.dial(*way, deadline)
        sent_at = asyncio.get_running_loop().time()
        answer = await self._ask(connection, request, way, sent, deadline)
        return await self._fetched(request, answer, started, sent_at)

    async def _ask(
        self, connection: Connection, request: Request, way: Way, sent: bytes, deadline: Deadline
    ) -> Answer:
        """Return the answer; its connection is kept where it can be used again, and closed where not.

        One that took a form is closed: over TLS nobody tells whether all of it went out before its answer.
        """
        keep = request.keep_bytes
        if keep is None:
            answer = await connection.ask(sent, deadline, most=self._limits.max_wire_bytes)
        else:
            answer = await connection.ask(sent, deadline, most=keep, cuts=True)
        if request.form is None:
            self._opened().keep(way, connection)
        else:
            connection.abort()
        return answer

    async def _fetched(
        self, request: Request, answer: Answer, started: float, sent_at: float | None
    ) -> Fetched:
        if request.proxy is not None and answer.status == proxied.AUTHENTICATION_REQUIRED:
            raise proxied.refused(request.proxy, answer.status)
        wire_bytes = len(answer.sent[0])
        body = await body_of(answer.sent, answer.headers, self._inflating, keep=request.keep_bytes)
        if answer.unsealed:
            confirm(request, answer.status, answer.headers, body)
        return fetched(
            request,
            status=answer.status,
            headers=answer.headers,
            wire_bytes=wire_bytes,
            body=body,
            started=started,
            sent_at=sent_at,
        )

    def _ends(self, started: float, request: Request) -> float:
        if request.timeout is None:
            return started + self._total_seconds
        return started + min(self._total_seconds, request.timeout.total_seconds())

    def _opened(self) -> Connections:
        if self._connections is None:
            raise RuntimeError("enter the fetcher (`async with`) before fetching")
        return self._connections
