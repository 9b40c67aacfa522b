"""The body of a sitemap as text: inflated and decoded in steps, within bounds."""

from __future__ import annotations

import gzip
import io
import zlib
from itertools import chain
from typing import TYPE_CHECKING

from scrapers import encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.sitemap.found import Found

MAX_BYTES = 50 * 1024 * 1024
STEP = 64 * 1024
HEAD_CHARACTERS = 1024 * 1024
_PRESCAN = 1024
_GZIP = b"\x1f\x8b"


def parts(body: bytes, found: Found) -> Iterator[str]:
    """Yield the text of `body`; what is beyond `MAX_BYTES` is left out and said."""
    octets = _bounded(_inflated(body, found) if body.startswith(_GZIP) else _cut(body), found)
    first = b""
    for step in octets:
        first += step
        if len(first) >= _PRESCAN:
            break
    is_markup = first[:_PRESCAN].lstrip(b"\xef\xbb\xbf\xfe\xff\x00\t\n\r ").startswith(b"<")
    charset = "" if is_markup else "utf-8"
    decoder = encoding.decoder(encoding.choose(first[:STEP], charset=charset, xml=is_markup))
    for step in chain((first,), octets):
        if text := decoder.decode(step):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def head(text: Iterator[str]) -> str:
    """Return the first mebibyte: as much as is looked at before anything is read."""
    taken: list[str] = []
    size = 0
    for part in text:
        taken.append(part)
        size += len(part)
        if size >= HEAD_CHARACTERS:
            break
    return "".join(taken)


def _bounded(octets: Iterator[bytes], found: Found) -> Iterator[bytes]:
    room = MAX_BYTES
    for step in octets:
        yield step[:room]
        room -= len(step)
        if room < 0:
            found.report("sitemap_too_large", f"only the first {MAX_BYTES // 1024**2} MiB are read")
            return


def _cut(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), STEP):
        yield body[start : start + STEP]


def _inflated(body: bytes, found: Found) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            while step := file.read1(STEP):
                yield step
    except EOFError:
        found.report("sitemap_malformed", "the gzip data ends too early")
    except (zlib.error, gzip.BadGzipFile):
        found.report("sitemap_malformed", "the gzip data is damaged")
