"""The demo shop for tests: on a thread with a log of what was asked, or in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs

from demo.server import Shop, answer

ROOT = Path(__file__).resolve().parents[1]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


@contextmanager
def served(*, epoch: int) -> Iterator[str]:
    """Serve the shop as `up --demo` does, but at an epoch that does not move; gives its address."""
    command = [sys.executable, "-m", "demo", "--port", "0", "--epoch", str(epoch)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().partition(": ")[2].strip()
        finally:
            process.terminate()


class ShopServer:
    """Serves the shop on a free port of 127.0.0.1.

    `asked` are the targets that were answered with a body, `unchanged` those with a 304.
    """

    def __init__(self, *, epoch: int) -> None:
        self.epoch = epoch
        self.asked: list[str] = []
        self.unchanged: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"


def _handler(shop: ShopServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            page = parse_qs(query).get("page", [None])[0]
            given = answer(Shop(), epoch=shop.epoch, base=shop.origin, path=path, page=page)
            known = self.headers.get("If-None-Match") == given.etag and given.status == 200
            (shop.unchanged if known else shop.asked).append(self.path)
            self.send_response(304 if known else given.status)
            if given.location:
                self.send_header("Location", given.location)
            else:
                self.send_header("ETag", given.etag)
                self.send_header("Content-Type", given.content_type)
            body = b"" if known else given.body
            if not known:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, _form: str, *_arguments: object) -> None:
            """Say nothing."""

    return Handler
