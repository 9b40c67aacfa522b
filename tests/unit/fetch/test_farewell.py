"""Where a body over TLS ends: with its length or TLS itself, or as its kind does, not with its connection."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from crawler.fetch.http import HttpFetcher
from crawler.fetch.tls import trust
from crawler.http import Failed, Fetched, Outcome, Request
from tests.site.certificates import self_signed
from tests.unit.fetch.conftest import PATIENT

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.fetch.guard import EgressGuard

OPEN_ENDED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>hello</html>\n"
CUT_PAGE = PAGE.removesuffix(b"</html>\n")
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n"
MEASURED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


@contextmanager
def serving(tls: ssl.SSLContext, answer: bytes, *, farewell: bool) -> Iterator[int]:
    """Answer one request, and end TLS or its connection alone."""

    def serve() -> None:
        with tls.wrap_socket(listening.accept()[0], server_side=True) as connection:
            connection.recv(65_536)
            connection.sendall(answer)
            if farewell:
                connection.unwrap().close()
            else:
                socket.socket.shutdown(connection, socket.SHUT_WR)
                socket.socket.recv(connection, 65_536)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listening.getsockname()[1])
        thread.join(60)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("answer", "farewell", "became"),
    [
        (OPEN_ENDED, True, b"hello"),
        (OPEN_ENDED, False, "truncated_body"),
        (PAGE, False, b"<html>hello</html>\n"),
        (CUT_PAGE, False, "truncated_body"),
        (MOVED, False, b""),
        (MEASURED, False, b"hello"),
    ],
    ids=["ended", "cut", "page", "cut page", "moved", "measured"],
)
def test_body_of_no_length_is_whole_where_tls_itself_ended_or_it_ends_as_its_kind_does(
    guard: EgressGuard, tmp_path: Path, run: Any, answer: bytes, became: object, *, farewell: bool
) -> None:
    server = self_signed(tmp_path)

    async def fetch(port: int) -> Outcome:
        tls = trust(str(tmp_path / "certificate.pem"))
        async with HttpFetcher(guard, limits=PATIENT, tls=tls) as fetcher:
            return await fetcher.fetch(Request(url=f"https://127.0.0.1:{port}/"))

    with serving(server, answer, farewell=farewell) as port:
        match run(fetch(port)):
            case Fetched(body=body):
                assert body == became
            case Failed(error=error):
                assert error.code == became
