"""Fetches over HTTP/2 with httpcore, the engine of httpx, where a server offers it, under the same bounds."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Final, Self

import h2.events
import h2.exceptions
import httpcore

from crawler.errors import (
    BadRequest,
    BadResponse,
    ConnectionLost,
    FetchError,
    HeaderBomb,
    TimedOut,
    TooLarge,
    TruncatedBody,
)
from crawler.fetch.answers import bare, body_of, fetched, headers_of
from crawler.fetch.h2connections import Connection, Http2Connections
from crawler.fetch.inflate import ACCEPTED
from crawler.fetch.limits import Deadline, FetchLimits
from crawler.fetch.sent import ACCEPT
from crawler.fetch.tls import HTTP2, trust
from crawler.http import FORM, OF_THE_CONNECTION, Failed, Fetched, Headers, Outcome, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Collection
    from types import TracebackType

    from crawler.fetch.guard import EgressGuard

_BROKEN: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ConnectionNotAvailable,
    h2.exceptions.H2Error,
    OSError,
)
_SPLITS: Final = (b"\r", b"\n", b"\0")


class Http2Fetcher:
    """Sends one GET, or a form, at a time for each caller, any number at once, to servers that offer HTTP/2.

    It promises what `HttpFetcher` does, and keeps as little: no cookies, no redirects, no environment. The
    URL is not parsed again: what was judged is what is sent.
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
        """Make a client; `may_send` is asked once more after dialling, which may have taken long."""
        self._limits = limits = limits or FetchLimits()
        self._inflating = limits.inflating
        self._connections = Http2Connections(
            guard,
            may_send=may_send,
            tls=tls or trust(alpn=HTTP2),
            connect_seconds=limits.connect.total_seconds(),
        )
        self._ours = {"user-agent": user_agent, "accept": ACCEPT, "accept-encoding": ACCEPTED}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connections.aclose()

    async def fetch(self, request: Request) -> Outcome | None:
        """Return the response to `request` or why there is none; None when HTTP/2 is not offered there."""
        loop, limits = asyncio.get_running_loop(), self._limits
        started = loop.time()
        total = min(limits.total, request.timeout or limits.total).total_seconds()
        deadline = Deadline(started + total, limits.slow_after.total_seconds())
        error: FetchError
        try:
            sent = self._sent(request)
            at = deadline.for_headers(started + limits.headers.total_seconds())
            async with asyncio.timeout_at(at) as scope:
                return await self._exchange(request, sent, deadline.of(scope), started)
        except FetchError as failure:
            error = failure
        except TimeoutError:
            error = TimedOut(which=deadline.which)
        except _BROKEN as failure:
            error = _translated(failure)
        return Failed(url=request.url, error=bare(error), elapsed_seconds=loop.time() - started)

    async def leave(self, origins: Collection[str]) -> None:
        """Close what was kept open to these hosts."""
        for origin in origins:
            scheme, _, authority = origin.partition("://")
            if scheme == "https":
                host, port = _host_and_port(authority)
                await self._connections.leave(httpcore.Origin(scheme=b"https", host=host, port=port))

    async def _exchange(
        self, request: Request, sent: httpcore.Request, deadline: Deadline, started: float
    ) -> Fetched | None:
        """Send a request once; a GET again where a connection that was kept turns out to be closed."""
        connection = await self._connections.kept(sent.url.origin) if request.form is None else None
        if connection is not None:
            try:
                return await self._on(connection, request, sent, deadline, started)
            except _Unanswered:
                pass
        connection = await self._connections.dialled(sent.url.origin)
        if connection is None:
            return None
        return await self._on(connection, request, sent, deadline, started)

    async def _on(
        self,
        connection: Connection,
        request: Request,
        sent: httpcore.Request,
        deadline: Deadline,
        started: float,
    ) -> Fetched:
        whole, kept = False, connection.kept
        try:
            response = _sane(await self._answer(connection, sent))
            headers = headers_of(response.headers, self._limits)
            keep = request.keep_bytes
            body, whole = await self._read_body(connection, response, headers, deadline, keep)
        finally:
            if not whole:
                await self._connections.close(connection)
        if whole:
            await response.aclose()
            await self._connections.keep(connection)
        wire_bytes, sent_body = len(body), [body]
        del body
        decoded = await body_of(sent_body, headers, self._inflating, keep=keep)
        return fetched(
            request,
            status=response.status,
            headers=headers,
            wire_bytes=wire_bytes,
            body=decoded,
            started=started,
            sent_at=None if kept else connection.made_at,
            http2=True,
        )

    async def _answer(self, connection: Connection, sent: httpcore.Request) -> httpcore.Response:
        connection.begin()
        try:
            return await connection.exchange.handle_async_request(sent)
        except _BROKEN as failure:
            error = _translated(failure)
            if connection.kept and isinstance(error, ConnectionLost):
                raise _Unanswered from None
            raise error from None
        except ValueError:
            raise BadResponse from None

    async def _read_body(
        self,
        connection: Connection,
        response: httpcore.Response,
        headers: Headers,
        deadline: Deadline,
        keep: int | None,
    ) -> tuple[bytes, bool]:
        """Return the body as it was sent, and whether it is whole; with `keep` a little more at most."""
        limit = self._limits.max_wire_bytes
        length = headers.get("content-length")
        if keep is None and length is not None and length.isdecimal() and int(length[:19]) > limit:
            raise TooLarge(f"the page has {int(length[:19]):,} bytes; the limit is {limit:,}")
        read = BytesIO()  # gives the whole without holding it twice, as pieces that are joined are
        size, awaited = 0, self._limits.slow_bytes
        deadline.expect_progress()
        try:
            async for chunk in response.aiter_stream():
                size += read.write(chunk)
                connection.got(len(chunk))
                if size > (limit if keep is None else keep):
                    break
                if size >= awaited:
                    deadline.expect_progress()
                    awaited = size + self._limits.slow_bytes
            else:
                return read.getvalue(), True
        except _BROKEN as failure:
            raise _broken_off(failure) from None
        if keep is None:
            raise TooLarge(f"the page has more than {limit:,} bytes")
        return read.getvalue(), False

    def _sent(self, request: Request) -> httpcore.Request:
        """Return what goes over the wire; the URL, which is canonical, as it is. Raises BadRequest."""
        scheme, _, rest = request.url.partition("://")
        authority, slash, target = rest.partition("/")
        if scheme != "https" or not authority or "@" in authority:
            raise BadRequest("HTTP/2 is spoken with https URLs without user name only")
        host, port = _host_and_port(authority)
        fields = dict(self._ours)
        for name, value in request.headers:
            if name.lower() in OF_THE_CONNECTION or any(octet.decode() in value for octet in _SPLITS):
                raise BadRequest(f"the header {name!r} cannot be set")
            fields[name.lower()] = value
        url = httpcore.URL(scheme=b"https", host=host, port=port, target=f"{slash or '/'}{target}".encode())
        if request.form is not None:
            fields |= {"content-type": FORM, "content-length": str(len(request.form))}
        headers = [(b"host", authority.encode())]
        headers += [
            (name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in fields.items()
        ]
        method = "GET" if request.form is None else "POST"
        return httpcore.Request(
            method, url, headers=headers, content=request.form, extensions={"timeout": {}}
        )


class _Unanswered(Exception):
    """A connection that was kept had been closed meanwhile: nothing was asked yet."""


def _host_and_port(authority: str) -> tuple[bytes, int]:
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        host, port = authority, "443"
    return host.strip("[]").encode(), int(port)


def _sane(response: httpcore.Response) -> httpcore.Response:
    """Return an answer whose head h2 did not look into.

    Raises BadResponse where a header would be two, and for a status that has not three digits.
    """
    split = any(octet in name or octet in value for name, value in response.headers for octet in _SPLITS)
    if split or not 200 <= response.status <= 999:
        raise BadResponse
    return response


def _broken_off(error: BaseException) -> FetchError:
    """Return our error for one that came while a body was read."""
    translated = _translated(error)
    return TruncatedBody() if isinstance(translated, ConnectionLost) else translated


def _translated(error: BaseException) -> FetchError:
    """Return our error for one of httpcore's or h2's. Their texts may name addresses; none is passed on."""
    reason = error.args[0] if isinstance(error, httpcore.ProtocolError) and error.args else error
    match reason:
        case h2.exceptions.DenialOfServiceError():
            return HeaderBomb()
        case h2.exceptions.InvalidBodyLengthError():
            return TruncatedBody()
        case h2.events.StreamReset() | h2.events.ConnectionTerminated():
            return ConnectionLost()
        case h2.exceptions.H2Error():
            return BadResponse()
        case _:
            return ConnectionLost()
