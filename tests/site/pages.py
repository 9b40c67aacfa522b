"""Every page of the hostile web by path; a path that ends with a slash serves all below it."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import brotli  # type: ignore[import-untyped]
import zstandard

from tests.site.reply import Reply, respond
from tests.site.robots import robots

if TYPE_CHECKING:
    from tests.site.server import HostileSite, Received

Page = Callable[[Any, Any, Reply], Awaitable[None]]

HTML: Final = ("Content-Type", "text/html; charset=utf-8")
TEXT: Final = b"<!doctype html><title>Fine</title><p>" + b"The quick brown fox. " * 200
ETAG: Final = 'W/"v1-\u00e9"'
LAST_MODIFIED: Final = "Sat, 29 Oct 1994 19:43:31 GMT"


async def ok(_site: HostileSite, _request: Received, reply: Reply) -> None:
    await reply.send(200, TEXT, [HTML])


async def index(_site: HostileSite, _request: Received, reply: Reply) -> None:
    links = "".join(f'<li><a href="{path}">{path}</a>' for path, _ in PAGES)
    await reply.send(200, f"<!doctype html><title>Hostile</title><ul>{links}</ul>".encode(), [HTML])


async def numbered(_site: HostileSite, request: Received, reply: Reply) -> None:
    """/page/N links to the pages 2N and 2N+1: a tree without end."""
    number = int(request.path.rsplit("/", 1)[1] or 1)
    links = "".join(f'<a href="/page/{2 * number + bit}">next</a>' for bit in (0, 1))
    await reply.send(200, f"<!doctype html><title>Page {number}</title>{links}".encode(), [HTML])


async def echo(_site: HostileSite, request: Received, reply: Reply) -> None:
    said = {"method": request.method, "target": request.target, "headers": request.headers}
    await reply.send(200, json.dumps(said).encode(), [("Content-Type", "application/json")])


async def status(_site: HostileSite, request: Received, reply: Reply) -> None:
    """/status/503?Retry-After=7 answers so; every query parameter is a header."""
    number = int(request.path.rsplit("/", 1)[1])
    await reply.send(number, b"as you asked", [HTML, *request.query.items()])


async def flaky(site: HostileSite, request: Received, reply: Reply) -> None:
    """/flaky/NAME/503/2 answers 503 twice, then well."""
    _, _, name, number, times = request.path.split("/")
    if site.count(f"flaky/{name}") <= int(times):
        await reply.send(int(number), b"not now", [HTML])
    else:
        await reply.send(200, TEXT, [HTML])


REDIRECTS: Final = {
    "loop": "/redirect/loop2",
    "loop2": "/redirect/loop",
    "self": "/redirect/self",
    "bad": "http://[oops/",
    "script": "javascript:alert(1)",
    "file": "file:///etc/passwd",
    "credentials": "http://user:secret@127.0.0.1/",
    "utf8": "/ok?caf\u00e9",
}


async def redirect(site: HostileSite, request: Received, reply: Reply) -> None:
    """/redirect/3 takes three hops to /ok; /redirect/to?url=X&status=307 goes where you want."""
    what = request.path.removeprefix("/redirect/")
    if what == "nowhere":
        await reply.send(302)
    elif what == "to":
        await reply.send(
            int(request.query.get("status", "302")), headers=[("Location", request.query["url"])]
        )
    elif what == "endless":
        await reply.send(302, headers=[("Location", f"/redirect/endless?n={site.count('endless')}")])
    elif what.isdigit():
        location = f"/redirect/{int(what) - 1}" if int(what) > 1 else "/ok"
        await reply.send(302, headers=[("Location", location)])
    else:
        await reply.send(302, headers=[("Location", REDIRECTS[what])])


async def slow(_site: HostileSite, request: Received, reply: Reply) -> None:
    match request.path.removeprefix("/slow/"):
        case "never":
            await asyncio.sleep(3600)
        case "headers":
            await reply.raw(b"HTTP/1.1 200 OK\r\n")
            while True:
                await asyncio.sleep(0.02)
                await reply.raw(b"X-Slow: 1\r\n")
        case "drip":
            await reply.head(200, [HTML, ("Content-Length", "100000")])
            while True:
                await reply.raw(b".")
                await asyncio.sleep(0.02)
        case "stalls":
            await reply.head(200, [HTML, ("Content-Length", "100000")])
            await reply.raw(TEXT)
            await asyncio.sleep(3600)
        case _:
            await asyncio.sleep(float(request.query.get("seconds", "0.2")))
            await reply.send(200, TEXT, [HTML])


_GZIP: Final = gzip.compress(TEXT)

LIES: Final[dict[str, tuple[bytes, list[tuple[str, str]]]]] = {
    "not-gzip": (TEXT, [HTML, ("Content-Encoding", "gzip")]),
    "half-gzip": (_GZIP[: len(_GZIP) // 2], [HTML, ("Content-Encoding", "gzip")]),
    "unknown-coding": (TEXT, [HTML, ("Content-Encoding", "rot13")]),
    "many-codings": (TEXT, [HTML, ("Content-Encoding", "gzip, br, deflate")]),
    "charset-as-coding": (TEXT, [HTML, ("Content-Encoding", "utf-8")]),
    "image": (TEXT, [("Content-Type", "image/png")]),
    "no-type": (TEXT, []),
}


async def lies(_site: HostileSite, request: Received, reply: Reply) -> None:
    what = request.path.removeprefix("/lies/")
    if what in LIES:
        body, headers = LIES[what]
        await reply.send(200, body, headers)
        return
    lengths = {"too-short": [len(TEXT) + 100], "too-long": [100], "two-lengths": [5, 7]}[what]
    await reply.head(200, [HTML, *(("Content-Length", str(length)) for length in lengths)])
    await reply.raw(TEXT)
    reply.close()


async def broken(_site: HostileSite, request: Received, reply: Reply) -> None:
    match request.path.removeprefix("/broken/"):
        case "close":
            reply.close()
        case "reset":
            reply.reset()
        case "garbage":
            await reply.raw(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
            reply.close()
        case "half-head":
            await reply.raw(b"HTTP/1.1 200 OK\r\nContent-Ty")
            reply.close()
        case "bad-header":
            await reply.raw(b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n")
            reply.close()
        case "reset-in-body":
            await reply.head(200, [HTML, ("Content-Length", "100000")])
            await reply.raw(TEXT)
            reply.reset()
        case "bad-chunk":
            await reply.head(200, [HTML, ("Transfer-Encoding", "chunked")])
            await asyncio.sleep(0.05)
            await reply.raw(b"zz\r\nnot a chunk\r\n")
            reply.close()
        case "half-chunk":
            await reply.head(200, [HTML, ("Transfer-Encoding", "chunked")])
            await reply.raw(b"ff\r\nonly this")
            reply.close()
        case "until-close":
            await reply.head(200, [HTML, ("Connection", "close")])
            await reply.raw(TEXT)
            reply.close()


def _raw_deflate(data: bytes) -> bytes:
    press = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return press.compress(data) + press.flush()


_PRESSES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": partial(brotli.compress, quality=5),
    "zstd": zstandard.ZstdCompressor().compress,
}


async def coded(_site: HostileSite, request: Received, reply: Reply) -> None:
    """/coded/gzip, /coded/br+gzip: the codings in the order they were applied."""
    name = request.path.removeprefix("/coded/")
    if name == "raw-deflate":
        await reply.send(200, _raw_deflate(TEXT), [HTML, ("Content-Encoding", "deflate")])
        return
    body = TEXT
    for coding in name.split("+"):
        body = _PRESSES[coding](body)
    await reply.send(200, body, [HTML, ("Content-Encoding", name.replace("+", ", "))])


async def chunked(_site: HostileSite, _request: Received, reply: Reply) -> None:
    await reply.head(200, [HTML, ("Transfer-Encoding", "chunked")])
    for start in range(0, len(TEXT), 1000):
        await reply.chunk(TEXT[start : start + 1000])
    await reply.chunk(b"")


HEADER_BOMBS: Final = {
    "many-headers": [(f"X-{number}", "1") for number in range(250)],
    "large-headers": [(f"X-{number}", "1" * 6000) for number in range(15)],
    "one-large-header": [("X-Large", "1" * 200_000)],
}

_ANSWER: Final = b"HTTP/1.1 200 OK\r\n"
_CHUNKED: Final = _ANSWER + b"Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
_MORE: Final = b"<p>more</p>" * 5000

ENDLESS: Final = {
    "endless-headers": (_ANSWER + b"X-Endless: ", b"1" * 1000 + b"\r\nX-Endless: "),
    "interim": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 10),
    "endless-body": (_ANSWER + b"Content-Type: text/html\r\nConnection: close\r\n\r\n", _MORE),
    "endless-chunks": (_CHUNKED, b"%x\r\n%b\r\n" % (len(_MORE), _MORE)),
    "large-chunk": (_CHUNKED + b"7fffffffffff\r\n", _MORE),
    "chunk-extensions": (_CHUNKED + b"5;x=", b"1" * 10_000),
    "trailers": (_CHUNKED + b"4\r\nfine\r\n0\r\n", b"X-Trailer: 1\r\n" * 1_000),
}
"""How each begins, and what follows for ever."""

_BOMBS: dict[str, bytes] = {}


async def bomb(_site: HostileSite, request: Received, reply: Reply) -> None:
    """Each is small on the wire and 40 MiB inflated, or does not end at all."""
    what = request.path.removeprefix("/bomb/")
    if what in HEADER_BOMBS:
        await reply.send(200, TEXT, [HTML, *HEADER_BOMBS[what]])
    elif what in ENDLESS:
        begin, more = ENDLESS[what]
        await reply.raw(begin)
        while True:
            await reply.raw(more)
    elif what == "claims-much":
        await reply.head(200, [HTML, ("Content-Length", str(10**12))])
        await reply.raw(TEXT)
        await asyncio.sleep(3600)
    else:
        if what not in _BOMBS:
            _BOMBS[what] = _PRESSES[what](bytes(40 * 1_048_576))
        await reply.send(200, _BOMBS[what], [HTML, ("Content-Encoding", what)])


async def cookies(_site: HostileSite, request: Received, reply: Reply) -> None:
    sets = [("Set-Cookie", "session=abc; Path=/"), ("Set-Cookie", "other=1; HttpOnly")]
    said = f"<p>{request.header('Cookie') or 'no cookie'}".encode()
    await reply.send(200, said, [HTML, *(sets if request.path == "/cookies/set" else [])])


CHARSETS: Final = {
    "header": ("text/html; charset=windows-1252", "caf\u00e9".encode("cp1252")),
    "meta": ("text/html", b'<meta charset="iso-8859-15">' + "caf\u00e9 \u20ac".encode("iso-8859-15")),
    "bom": ("text/html; charset=windows-1252", b"\xef\xbb\xbf" + "caf\u00e9".encode()),
    "utf16": ("text/html; charset=utf-16le", "\ufeffcaf\u00e9".encode("utf-16-le")),
    "lie": ("text/html; charset=utf-8", "caf\u00e9".encode("latin-1")),
    "unknown": ("text/html; charset=klingon", "caf\u00e9".encode()),
    "shift_jis": ("text/html; charset=shift_jis", "\u65e5\u672c\u8a9e".encode("shift_jis")),
}


async def charset(_site: HostileSite, request: Received, reply: Reply) -> None:
    content_type, body = CHARSETS[request.path.removeprefix("/charset/")]
    await reply.send(200, body, [("Content-Type", content_type)])


async def conditional(_site: HostileSite, request: Received, reply: Reply) -> None:
    """Knows its validators and compares them octet for octet."""
    validators = [("ETag", ETAG), ("Last-Modified", LAST_MODIFIED)]
    known = (request.header("If-None-Match") or "").encode("latin-1").decode("utf-8", "replace")
    if known == ETAG or (not known and request.header("If-Modified-Since") == LAST_MODIFIED):
        await reply.send(304, headers=validators)
    else:
        await reply.send(200, TEXT, [HTML, *validators])


async def retry_after(_site: HostileSite, request: Received, reply: Reply) -> None:
    """/retry-after/429?value=120 and the like."""
    number = int(request.path.rsplit("/", 1)[1])
    await reply.send(number, b"later", [HTML, ("Retry-After", request.query.get("value", "1"))])


async def sitemap(site: HostileSite, request: Received, reply: Reply) -> None:
    entries = "".join(f"<url><loc>{site.origin}/page/{number}</loc></url>" for number in range(1, 4))
    body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'.encode()
    await reply.send(200, gzip.compress(body) if request.path.endswith(".gz") else body)


PAGES: Final[list[tuple[str, Page]]] = [
    ("/", index),
    ("/ok", ok),
    ("/echo", echo),
    ("/chunked", chunked),
    ("/conditional", conditional),
    ("/robots.txt", robots),
    ("/sitemap.xml", sitemap),
    ("/sitemap.xml.gz", sitemap),
    ("/forbidden", respond(403, b"no", [HTML])),
    ("/page/", numbered),
    ("/status/", status),
    ("/flaky/", flaky),
    ("/redirect/", redirect),
    ("/slow/", slow),
    ("/lies/", lies),
    ("/broken/", broken),
    ("/coded/", coded),
    ("/bomb/", bomb),
    ("/cookies/", cookies),
    ("/charset/", charset),
    ("/retry-after/", retry_after),
]
