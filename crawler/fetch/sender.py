"""Posts webhooks with httpx: one small document at a time, every bound enforced, nothing followed."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Final, Self

import httpcore
import httpx

from crawler.errors import (
    BadRequest,
    BadResponse,
    ConnectFailed,
    ConnectionLost,
    FetchError,
    TimedOut,
    TlsFailed,
)
from crawler.fetch.backend import GuardedBackend
from crawler.fetch.tls import trust
from crawler.http import Failed, Fetched, Headers, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from crawler.fetch.guard import EgressGuard

TOTAL: Final = timedelta(seconds=15)
CONNECT_SECONDS: Final = 10.0
READ_BYTES: Final = 16_384
AT_ONCE: Final = 32


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport, with connections that the egress guard lets through."""

    def __init__(self, guard: EgressGuard, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=AT_ONCE,
            max_keepalive_connections=AT_ONCE,
            network_backend=GuardedBackend(guard),
        )


class Sender:
    """Sends one POST at a time for each caller, any number of callers at once.

    Trouble leaves as `Failed`, never as an exception. Of an answer only its head counts: at most
    16 KiB of its body are read, so that a short one leaves the connection usable, and none is kept.
    """

    def __init__(
        self,
        guard: EgressGuard,
        *,
        user_agent: str = "Trawl",
        total: timedelta = TOTAL,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._total_seconds = total.total_seconds()
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(guard, tls or trust()),
            headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post JSON to `url`, which is canonical; return the answer's head, or why there is none."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        error: FetchError
        try:
            async with asyncio.timeout(self._total_seconds):
                status, received = await self._exchange(url, body, headers)
        except FetchError as failure:
            error = failure
        except TimeoutError:
            error = TimedOut()
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError):
            error = BadRequest()
        except httpx.TransportError as failure:
            error = _translated(failure)
        else:
            return Fetched(
                url=url,
                status=status,
                headers=received,
                body=b"",
                wire_bytes=0,
                elapsed_seconds=loop.time() - started,
            )
        return Failed(url=url, error=error, elapsed_seconds=loop.time() - started)

    async def _exchange(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Headers]:
        sent = {"Content-Type": "application/json", **headers}
        async with self._client.stream("POST", url, content=body, headers=sent) as answer:
            size = 0
            async for chunk in answer.aiter_raw():
                size += len(chunk)
                if size > READ_BYTES:
                    break
            return answer.status_code, Headers(answer.headers.multi_items())


def _translated(error: Exception) -> FetchError:
    """Return our error for one of httpx's. Their texts may name addresses, so none is passed on."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return TlsFailed()
        cause = cause.__cause__ or cause.__context__
    match error:
        case httpx.ConnectTimeout():
            return TimedOut(which="connect")
        case httpx.TimeoutException():
            return TimedOut()
        case httpx.ConnectError():
            return ConnectFailed()
        case httpx.LocalProtocolError():
            return BadRequest()
        case httpx.RemoteProtocolError() if "disconnected" not in str(error):
            return BadResponse()
        case _:
            return ConnectionLost()
