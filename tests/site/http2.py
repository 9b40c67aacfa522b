"""The hostile web over HTTP/2: the same pages, answered in frames."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from tests.site.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

_FRAME_BYTES = 16_384
_OF_HTTP1 = frozenset({"connection", "transfer-encoding", "keep-alive"})


class StreamReply(Reply):
    """The answering side of one stream."""

    def __init__(self, connection: Http2Connection, stream: int) -> None:
        super().__init__(connection.writer)
        self._connection = connection
        self.stream = stream
        self._begun = self._ended = False

    async def send(self, status: int, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()) -> None:
        await self.head(status, headers)
        await self.raw(body)
        self.close()

    async def head(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        fields = [(":status", str(status))]
        fields += [(name.lower(), value) for name, value in headers if name.lower() not in _OF_HTTP1]
        encoded = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in fields]
        self._begun = True
        self._connection.h2.send_headers(self.stream, encoded)
        await self._connection.flush()

    async def chunk(self, data: bytes) -> None:
        await self.raw(data)

    async def raw(self, data: bytes) -> None:
        for start in range(0, len(data), _FRAME_BYTES):
            part = data[start : start + _FRAME_BYTES]
            while self._connection.h2.local_flow_control_window(self.stream) < len(part):
                await self._connection.wait_for_window()
            self._connection.h2.send_data(self.stream, part)
            await self._connection.flush()

    async def frames(self, encoded: bytes) -> None:
        """Send frames that no library would."""
        self._begun = True
        self._connection.writer.write(encoded)
        await self._connection.writer.drain()
        await asyncio.sleep(0)  # or nobody would ever hear that the client is gone

    def close(self) -> None:
        """End the stream in order; where nothing was said yet, close the connection."""
        if not self._begun:
            self._connection.writer.close()
        elif not self._ended:
            self._ended = True
            with contextlib.suppress(h2.exceptions.ProtocolError):
                self._connection.h2.end_stream(self.stream)

    def reset(self) -> None:
        """End the stream with RST_STREAM."""
        self._ended = True
        self._connection.h2.reset_stream(self.stream, h2.errors.ErrorCodes.INTERNAL_ERROR)

    def slam(self) -> None:
        """Close the whole connection (RST)."""
        super().reset()


class Http2Connection:
    """Serves one connection of the site; each stream is answered by a task of its own."""

    def __init__(self, site: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=False,
                header_encoding=None,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self._site = site
        self._reader = reader
        self._window = asyncio.Event()
        self._asked: dict[int, tuple[Iterable[tuple[bytes, bytes]], bytearray]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        self.h2.initiate_connection()
        await self.flush()
        try:
            while data := await self._reader.read(65_536):
                for event in self.h2.receive_data(data):
                    self._take(event)
                await self.flush()
        except h2.exceptions.ProtocolError:
            await self.flush()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def flush(self) -> None:
        if data := self.h2.data_to_send():
            self.writer.write(data)
            await self.writer.drain()

    async def wait_for_window(self) -> None:
        self._window.clear()
        await self._window.wait()

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived(stream_id=int(stream), headers=headers):
                self._asked[stream] = (headers or [], bytearray())
            case h2.events.DataReceived(stream_id=int(stream), data=data, flow_controlled_length=length):
                self._asked[stream][1].extend(data or b"")
                self.h2.acknowledge_received_data(length or 0, stream)
            case h2.events.StreamEnded(stream_id=int(stream)):
                self._tasks[stream] = asyncio.create_task(self._answer(stream, *self._asked.pop(stream)))
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                self._window.set()
            case h2.events.StreamReset(stream_id=stream) if stream in self._tasks:
                self._tasks[stream].cancel()

    async def _answer(self, stream: int, headers: Iterable[tuple[bytes, bytes]], body: bytearray) -> None:
        fields = {name.decode(): value.decode("latin-1") for name, value in headers}
        request = self._site.received(
            method=fields.pop(":method"),
            target=fields.pop(":path"),
            headers=(("host", fields.pop(":authority")), *(f for f in fields.items() if f[0] != ":scheme")),
            port=self.writer.get_extra_info("sockname")[1],
            body=bytes(body),
        )
        reply = StreamReply(self, stream)
        try:
            await self._site.page_of(request)(self._site, request, reply)
            reply.close()
            await self.flush()
        except (ConnectionError, h2.exceptions.ProtocolError):
            pass
        finally:
            request.finished = time.monotonic()
