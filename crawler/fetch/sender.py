"""Posts webhooks with httpcore: one small document at a time, every bound enforced, nothing followed."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

import httpcore

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
        self._user_agent = user_agent
        self._total_seconds = total.total_seconds()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or trust(),
            max_connections=AT_ONCE,
            max_keepalive_connections=AT_ONCE,
            network_backend=GuardedBackend(guard),
        )

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.__aexit__(kind, error, trace)

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
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as failure:
            error = _translated(failure)
        except (httpcore.UnsupportedProtocol, ValueError):
            error = BadRequest()
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
        target = httpcore.URL(url)
        sent = {
            "Host": url.split("/", 3)[2],
            "User-Agent": self._user_agent,
            "Accept": "*/*",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **headers,
        }
        limits = {"timeout": {"connect": CONNECT_SECONDS, "pool": None, "read": None, "write": None}}
        async with self._pool.stream(
            "POST", target, headers=list(sent.items()), content=body, extensions=limits
        ) as answer:
            size = 0
            async for chunk in answer.aiter_stream():
                size += len(chunk)
                if size > READ_BYTES:
                    break
            pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
            return answer.status, Headers(pairs)


def _translated(error: Exception) -> FetchError:
    """Return our error for one of httpcore's. Their texts may name addresses, so none is passed on."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return TlsFailed()
        cause = cause.__cause__ or cause.__context__
    match error:
        case httpcore.ConnectTimeout():
            return TimedOut(which="connect")
        case httpcore.TimeoutException():
            return TimedOut()
        case httpcore.ConnectError():
            return ConnectFailed()
        case httpcore.LocalProtocolError():
            return BadRequest()
        case httpcore.RemoteProtocolError() if "disconnected" not in str(error):
            return BadResponse()
        case _:
            return ConnectionLost()
