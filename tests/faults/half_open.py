"""A way to a broker that can fall silent: connections stay open, and every byte disappears."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.fleet import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.brokers import Broker

CHUNK = 65_536


class HalfOpen:
    """Stands between an installation and its broker, as a process of its own.

    While it swallows, connections are accepted and none is closed; what was swallowed is lost for
    good, in both directions, as behind a firewall that forgot its connections.
    """

    def __init__(self, broker: Broker) -> None:
        self._behind = broker
        self.name = broker.name
        self.port = 0

    def start(self) -> None:
        there = urlsplit(self._behind.url)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.half_open", str(there.hostname), str(there.port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def stop(self) -> None:
        with self._process as process:
            process.kill()

    @property
    def url(self) -> str:
        """The broker as the installation reaches it."""
        parts = urlsplit(self._behind.url)
        return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{self.port}").geturl()

    @property
    def variables(self) -> Mapping[str, str]:
        return dict.fromkeys(self._behind.variables, self.url)

    def swallow(self) -> None:
        """Fall silent."""
        self._process.send_signal(signal.SIGUSR1)

    def heal(self) -> None:
        """Let bytes through again."""
        self._process.send_signal(signal.SIGUSR2)

    def kill(self) -> None:
        self._behind.kill()

    def end(self) -> None:
        self._behind.end()

    def empty(self) -> None:
        self._behind.empty()

    def waiting(self) -> int:
        return self._behind.waiting()


class Proxy:
    """Passes on what comes, unless it swallows."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self.swallows = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, self._port)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK):
                if not self.swallows:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


async def main(host: str, port: str) -> None:
    proxy = Proxy(host, int(port))
    loop = asyncio.get_running_loop()
    for number, swallows in ((signal.SIGUSR1, True), (signal.SIGUSR2, False)):
        loop.add_signal_handler(number, setattr, proxy, "swallows", swallows)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
