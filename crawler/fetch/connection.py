"""One connection that speaks HTTP/1.1: it asks once at a time, and whatever else comes closes it."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, cast

from crawler.errors import ConnectionLost, FetchError, TruncatedBody
from crawler.fetch.parsing import AnswerParser

if TYPE_CHECKING:
    from crawler.fetch.limits import Deadline, FetchLimits
    from crawler.fetch.parsing import Answer


class Connection(asyncio.Protocol):
    """An open connection; `until` is when it has been idle for too long.

    What comes is taken at once, and never more of it than the bounds of an answer allow: nothing is held
    back, so nothing has to be paused. An exchange that does not end well closes it.
    """

    def __init__(self, limits: FetchLimits) -> None:
        self._parser = AnswerParser(limits)
        self._slow_bytes = limits.slow_bytes
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deadline: Deadline | None = None
        self._awaited = 0
        self._tls: ssl.SSLObject | None = None
        self.until = 0.0

    @property
    def heard(self) -> bool:
        """Whether anything came since it was last asked."""
        return self._parser.heard

    @property
    def transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise ConnectionLost
        return self._transport

    @property
    def usable(self) -> bool:
        """Whether another request may be sent; what was sent before is answered, and went out whole."""
        transport = self._transport
        return transport is not None and not transport.is_closing() and transport.get_write_buffer_size() == 0

    async def ask(
        self, sent: bytes, deadline: Deadline, *, most: int, cuts: bool = False, tunnel: bool = False
    ) -> Answer:
        """Send a request and return its answer, bounded as `AnswerParser.begin` says. Raises FetchError.

        It stays `usable` after an answer that ends where the server says, and after no other.
        """
        parser = self._parser
        parser.begin(most=most, cuts=cuts, tunnel=tunnel)
        self._deadline, self._awaited = deadline, 0
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        try:
            self.transport.write(sent)
            await waiter
        except BaseException:
            self.abort()
            raise
        finally:
            self._waiter = self._deadline = None
            del waiter  # an error of it would hold this frame, and with it the connection, in a circle
        answer = parser.take()
        if not parser.reusable:
            self.abort()
        return answer

    def abort(self) -> None:
        """Close at once; over TLS a server might take long to say farewell."""
        self._hang_up()
        self._parser.close()

    def hand_over(self) -> None:
        """Let go of a transport that speaks another protocol from now on."""
        self._transport = None
        self._parser.close()

    def _hang_up(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    # what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._tls = transport.get_extra_info("ssl_object")

    def data_received(self, data: bytes) -> None:
        waiter, parser = self._waiter, self._parser
        if waiter is None or waiter.done():
            # Nobody asked: it must not become the answer to whoever asks next. uvloop reads several times
            # in one turn, so that whoever asked last may not have taken the answer yet.
            self._hang_up()
            return
        try:
            parser.feed(data)
        except FetchError as error:
            waiter.set_exception(error.with_traceback(None))
            return
        if parser.complete or parser.cut:
            waiter.set_result(None)
        elif parser.head and parser.size >= self._awaited and self._deadline is not None:
            self._deadline.expect_progress()
            self._awaited = parser.size + self._slow_bytes

    def eof_received(self) -> None:
        self._end(reset=False, farewell=self._tls is None or _has_said_farewell(self._tls))

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._end(reset=error is not None, farewell=self._tls is None)
        if self._waiter is None:
            self._parser.close()

    def _end(self, *, reset: bool, farewell: bool) -> None:
        waiter, parser = self._waiter, self._parser
        if waiter is None or waiter.done():
            return
        try:
            if reset and parser.head:
                raise TruncatedBody
            if reset:
                raise ConnectionLost
            parser.end(farewell=farewell)
        except FetchError as error:
            waiter.set_exception(error.with_traceback(None))
        else:
            waiter.set_result(None)


def _has_said_farewell(tls: ssl.SSLObject) -> bool:
    """Say whether the peer's TLS ended, and not its connection alone; whatever came was taken before."""
    try:
        return tls.read(1) == b""
    except ssl.SSLError:
        return False
