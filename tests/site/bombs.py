"""Bodies as large as they may be, bombs within bombs, and what is to become of each."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]
import zstandard

from tests.site import frames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.site.server import HostileSite

MAX_BYTES = 20 * 1_048_576
LARGEST = MAX_BYTES - 200_000
CODED = {"/large/plain": "", "/large/gzip": "gzip", "/large/br+gzip": "br+gzip", "/large/gzip+br": "gzip+br"}
PRESSES: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 1),
    "deflate": lambda data: zlib.compress(data, 1),
    "br": lambda data: bytes(brotli.compress(data, quality=1)),
    "zstd": zstandard.ZstdCompressor().compress,
}
PRESSED = ("gzip", "deflate", "br", "zstd", "gzip+gzip", "gzip+br", "br+zstd", "zstd+deflate")
ANYWHERE = {
    **{f"/pressed/{codings}": "inflation_bomb" for codings in PRESSED},
    **dict.fromkeys(CODED, f"{LARGEST} bytes"),
    "/lies/many-codings": "bad_encoding",
    "/bomb/many-headers": "header_bomb",
    "/bomb/claims-much": "too_large",
    "/slow/drip": "timed_out",
}
OVER_HTTP1 = {
    **ANYWHERE,
    "/bomb/one-large-header": "header_bomb",
    "/bomb/endless-body": "too_large",
    "/bomb/endless-chunks": "too_large",
    "/bomb/endless-headers": "header_bomb",
    "/bomb/interim": "bad_response",
    "/bomb/large-chunk": "too_large",
    "/bomb/chunk-extensions": "bad_response",
    "/bomb/trailers": "header_bomb or bad_response",
    "/slow/headers": "timed_out or header_bomb",
}
OVER_HTTP2 = {
    **ANYWHERE,
    "/slow/never": "timed_out",
    "/frames/endless-body": "too_large",
    "/frames/large-header": "bad_response",
    "/frames/large-table": "header_bomb",
    "/frames/continuation": "bad_response",
    "/frames/empty-continuation": "bad_response",
    "/frames/interim": "bad_response",
    "/frames/trailers": "bad_response",
    "/frames/empty-data": "bad_response",
    "/frames/settings": "bad_response",
    "/frames/pings": "bad_response",
}
"""Each path, and the codes with which a fetch may end, or how many bytes it gives."""


def plant(site: HostileSite) -> None:
    """Have a site serve what it does not serve anyway."""
    for path, page in frames.PAGES.items():
        site.answer(path, page)
    for path, body in _bodies().items():
        codings = path.rpartition("/")[2].removeprefix("plain")
        site.serve(path, body, headers=[("Content-Encoding", codings.replace("+", ", "))] if codings else [])


@cache
def _bodies() -> Mapping[str, bytes]:
    noise = random.Random(4).randbytes(LARGEST)
    large = {path: _pressed(noise, codings) for path, codings in CODED.items()}
    return large | {f"/pressed/{codings}": _pressed(bytes(2 * MAX_BYTES), codings) for codings in PRESSED}


def _pressed(body: bytes, codings: str) -> bytes:
    for coding in filter(None, codings.split("+")):
        body = PRESSES[coding](body)
    return body


def is_expected(said: str, expected: str) -> bool:
    return said in expected.split(" or ")
