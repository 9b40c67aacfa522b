"""Fetches over HTTP/1.1 with aiohttp: one exchange at a time, every bound enforced, nothing followed."""

from __future__ import annotations

import asyncio
import ssl
from io import SEEK_END, BytesIO
from typing import TYPE_CHECKING, Final, Self

import aiohttp
from aiohttp.http_exceptions import LineTooLong
from multidict import CIMultiDict
from yarl import URL

from crawler.errors import (
    BadRequest,
    BadResponse,
    ConnectFailed,
    ConnectionLost,
    FetchError,
    HeaderBomb,
    TimedOut,
    TlsFailed,
    TooLarge,
    TruncatedBody,
)
from crawler.fetch import proxied
from crawler.fetch.answers import bare, body_of, fetched, headers_of
from crawler.fetch.connections import GuardedConnector, dialled_at
from crawler.fetch.inflate import ACCEPTED
from crawler.fetch.limits import Deadline, FetchLimits
from crawler.fetch.tls import trust
from crawler.http import FORM, OF_THE_CONNECTION, Failed, Fetched, Outcome, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import TracebackType

    from crawler.fetch.guard import EgressGuard

ACCEPT: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


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
        self._may_send = may_send
        self._limits = limits = limits or FetchLimits()
        self._inflating = limits.inflating
        self._tls = tls or trust()
        self._total_seconds = limits.total.total_seconds()
        self._headers_seconds = limits.headers.total_seconds()
        self._slow_seconds = limits.slow_after.total_seconds()
        self._slow_bytes = limits.slow_bytes
        self._headers = CIMultiDict({"User-Agent": user_agent, "Accept": ACCEPT, "Accept-Encoding": ACCEPTED})
        self._session: aiohttp.ClientSession | None = None
        self._connector: GuardedConnector | None = None

    async def __aenter__(self) -> Self:
        limits = self._limits
        self._connector = GuardedConnector(
            self._guard, max_head_bytes=limits.max_header_bytes, may_send=self._may_send, tls=self._tls
        )
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect.total_seconds()),
            max_headers=limits.max_headers,
            max_line_size=limits.max_header_bytes,
            max_field_size=limits.max_header_bytes,
        )
        # aiohttp would send again at once whatever was not answered
        self._session._retry_connection = False  # noqa: SLF001
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, request: Request) -> Outcome:
        """Return the response to `request`, whatever its status, or why there is none."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = Deadline(self._ends(started, request), self._slow_seconds)
        error: FetchError
        try:
            url = _url(request.url)
            headers = self._with_ours(request.headers)
            async with asyncio.timeout_at(deadline.for_headers(started + self._headers_seconds)) as scope:
                if request.proxy is not None:
                    await proxied.judge(self._guard, request.proxy, url)
                response = await self._send(url, headers, request)
                try:
                    return await self._receive(request, response, deadline.of(scope), started)
                except BaseException:
                    response.close()
                    raise
        except FetchError as failure:
            error = failure
        except TimeoutError as failure:
            connecting = isinstance(failure, aiohttp.ServerTimeoutError)
            error = TimedOut(which="connect" if connecting else deadline.which)
            error = (request.proxy and proxied.failed(request.proxy, failure)) or error
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            error = (request.proxy and proxied.failed(request.proxy, failure)) or _translated(failure)
        return Failed(url=request.url, error=bare(error), elapsed_seconds=loop.time() - started)

    async def leave(self, origins: Collection[str]) -> None:
        """Close what was kept open to these hosts."""
        if self._connector is not None:
            self._connector.leave(origins)

    async def _send(self, url: URL, headers: CIMultiDict[str], request: Request) -> aiohttp.ClientResponse:
        """Send a GET, or a form, once.

        A connection that was kept may have been closed while nobody looked: then a GET is sent again on a
        new one (RFC 9110 §9.2.2). A server that closes a new one has been asked, and is left alone.
        """
        session = self._open_session()
        dialled_at.set(None)
        if request.form is not None:
            typed = headers.copy()
            typed["Content-Type"] = FORM
            way = proxied.options(request.proxy, url, typed)
            return await session.post(url, data=request.form, allow_redirects=False, **way)
        way = proxied.options(request.proxy, url, headers)
        try:
            return await session.get(url, allow_redirects=False, **way)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            if dialled_at.get() is not None:
                raise
        return await session.get(url, allow_redirects=False, **way)

    async def _receive(
        self, request: Request, response: aiohttp.ClientResponse, deadline: Deadline, started: float
    ) -> Fetched:
        headers = headers_of(response.raw_headers, self._limits)
        if request.proxy is not None and response.status == proxied.AUTHENTICATION_REQUIRED:
            raise proxied.refused(request.proxy, response.status)
        keep = request.keep_bytes
        sent = [await self._read_body(response, deadline, keep)]
        wire_bytes = len(sent[0])
        body = await body_of(sent, headers, self._inflating, keep=keep)
        return fetched(
            request,
            status=response.status,
            headers=headers,
            wire_bytes=wire_bytes,
            body=body,
            started=started,
            sent_at=dialled_at.get(),
        )

    async def _read_body(
        self, response: aiohttp.ClientResponse, deadline: Deadline, keep: int | None
    ) -> bytes:
        """Return the body as it was sent; with `keep` a little more than that at most."""
        limit = self._limits.max_wire_bytes if keep is None else keep
        if keep is None and (response.content_length or 0) > limit:
            raise TooLarge(f"the page has {response.content_length:,} bytes; the limit is {limit:,}")
        content = response.content
        if not content.is_eof():
            deadline.expect_progress()
        chunk = await content.readany()
        if content.at_eof():
            return self._bounded(chunk, keep)
        read = BytesIO(chunk)  # gives the whole without holding it twice, as pieces that are joined are
        size = read.seek(0, SEEK_END)
        awaited = self._slow_bytes
        while size <= limit:
            if size >= awaited:
                deadline.expect_progress()
                awaited = size + self._slow_bytes
            chunk = await content.readany()
            if not chunk:
                break
            size += read.write(chunk)
        else:
            response.close()
        return self._bounded(read.getvalue(), keep)

    def _bounded(self, sent: bytes, keep: int | None) -> bytes:
        limit = self._limits.max_wire_bytes
        if keep is None and len(sent) > limit:
            raise TooLarge(f"the page has more than {limit:,} bytes")
        return sent

    def _with_ours(self, headers: tuple[tuple[str, str], ...]) -> CIMultiDict[str]:
        if not headers:
            return self._headers
        merged = self._headers.copy()
        for name, value in headers:
            if name.lower() in OF_THE_CONNECTION:
                raise BadRequest(f"the header {name!r} cannot be set; it belongs to the connection")
            merged[name] = value
        return merged

    def _ends(self, started: float, request: Request) -> float:
        if request.timeout is None:
            return started + self._total_seconds
        return started + min(self._total_seconds, request.timeout.total_seconds())

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("enter the fetcher (`async with`) before fetching")
        return self._session


def _url(text: str) -> URL:
    """Return `text`, which is canonical, as it is: what was judged is what is sent."""
    url = URL(text, encoded=True)
    if url.scheme not in {"http", "https"} or not url.raw_host or url.raw_user is not None:
        raise BadRequest("only http and https URLs without user name can be fetched")
    return url


def _translated(error: aiohttp.ClientError | OSError | ValueError) -> FetchError:
    """Return our error for one of aiohttp's. Its texts name addresses, so none is passed on but TLS's."""
    match error:
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return TlsFailed(_tls_reason(error))
        case aiohttp.ClientPayloadError():
            return TruncatedBody()
        case aiohttp.ClientResponseError():
            return _malformed(error)
        case aiohttp.ClientConnectorError():
            return ConnectFailed()
        case aiohttp.ClientConnectionError() | OSError():
            return ConnectionLost()
        case aiohttp.InvalidURL() | ValueError():
            return BadRequest()
        case _:
            return BadResponse()


def _tls_reason(error: BaseException) -> str | None:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    reason = getattr(error, "verify_message", "")
    return f"the certificate is not valid: {reason}" if reason else None


def _malformed(error: aiohttp.ClientResponseError) -> BadResponse:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LineTooLong) or "Too many" in str(cause):
            return HeaderBomb()
        cause = cause.__cause__
    return BadResponse()
