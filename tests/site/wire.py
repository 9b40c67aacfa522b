"""A server without manners, in the test's own loop: it answers with whatever bytes a test wants."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    Answers = Callable[[str], bytes | None]
    """Returns what a request's target is answered with; None to close instead."""


class Wire:
    """Listens on loopback; `asked` has the first line of each request, `open` who is connected.

    A connection on which a target that begins with `last` was asked for ends with its answer.
    """

    def __init__(self, answers: Answers, *, last: str = "(none)", reads_bodies: bool = True) -> None:
        self.answers = answers
        self._last = last
        self.asked: list[str] = []
        self.connections = 0
        self.port = 0
        self.open: set[asyncio.StreamWriter] = set()
        self._reads_bodies = reads_bodies
        self._tasks: set[asyncio.Task[None]] = set()
        self._came = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self.open):
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def was_asked(self, times: int) -> None:
        """Wait until this many requests came."""
        async with asyncio.timeout(30):
            while len(self.asked) < times:
                self._came.clear()
                await self._came.wait()

    async def all_gone(self) -> None:
        """Wait until nobody is connected."""
        async with asyncio.timeout(30):
            await asyncio.gather(*self._tasks)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)
        self.open.discard(writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            self.asked.append(first)
            self._came.set()
            length = next((int(line[15:]) for line in lines if line.startswith("Content-Length:")), 0)
            if self._reads_bodies:
                await reader.readexactly(length)
            target = first.split(" ")[1]
            answer = self.answers(target)
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()
            if target.startswith(self._last):
                return
