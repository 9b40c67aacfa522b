"""What only HTTP/2 lets a server do without end, by the frames themselves (RFC 9113 §6)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from tests.site.http2 import StreamReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.site.pages import Page
    from tests.site.reply import Reply
    from tests.site.server import HostileSite, Received

_DATA, _HEADERS, _SETTINGS, _PING, _CONTINUATION = 0, 1, 4, 6, 9
_END_HEADERS: Final = 4
# Literal fields that are not indexed (RFC 7541 §6.2.2), and `:status: 200` and `103`.
_FIELD: Final = b"\x00\x06x-many\x0a0123456789"
_OK: Final = b"\x88"
_EARLY_HINTS: Final = b"\x08\x03103"
# One field of 4,000 bytes that is added to the table, then one byte each for the same again (§6.1).
_LARGE: Final = b"\x40\x06x-much\x7f\xa1\x1e" + b"x" * 4_000
_AGAIN: Final = b"\xbe"

FOR_EVER: Final[Mapping[str, tuple[bytes, tuple[int, int, bytes]]]] = {
    "continuation": (b"", (_CONTINUATION, 0, _FIELD * 50)),
    "empty-continuation": (b"", (_CONTINUATION, 0, b"")),
    "interim": (_EARLY_HINTS, (_HEADERS, _END_HEADERS, _EARLY_HINTS)),
    "empty-data": (_OK, (_DATA, 0, b"")),
    "trailers": (_OK, (_HEADERS, _END_HEADERS, _FIELD * 50)),
    "settings": (b"", (_SETTINGS, 0, b"")),
    "pings": (b"", (_PING, 0, bytes(8))),
}
"""A head to begin with, and the frame that comes again and again."""


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


async def for_ever(_site: HostileSite, request: Received, reply: Reply) -> None:
    assert isinstance(reply, StreamReply)
    what = request.path.rpartition("/")[2]
    head, (kind, flags, payload) = FOR_EVER[what]
    flags_of_head = 0 if kind == _CONTINUATION else _END_HEADERS
    if head or kind == _CONTINUATION:
        await reply.frames(frame(_HEADERS, flags_of_head, reply.stream, head))
    stream = 0 if kind in {_SETTINGS, _PING} else reply.stream
    many = frame(kind, flags, stream, payload) * 100
    while True:
        await reply.frames(many)


async def large_table(_site: HostileSite, _request: Received, reply: Reply) -> None:
    """Send 16 kB of headers that are 48 MB when they are written out."""
    assert isinstance(reply, StreamReply)
    block = _OK + _LARGE + _AGAIN * 12_000
    await reply.frames(frame(_HEADERS, _END_HEADERS, reply.stream, block))


async def large_header(_site: HostileSite, _request: Received, reply: Reply) -> None:
    """Send one field of 200 kB."""
    assert isinstance(reply, StreamReply)
    await reply.frames(frame(_HEADERS, 0, reply.stream, _OK + b"\x00\x06x-much\x7f\xc1\x99\x0c"))
    for last in [False] * 19 + [True]:
        flags = _END_HEADERS if last else 0
        await reply.frames(frame(_CONTINUATION, flags, reply.stream, b"x" * 10_000))


async def endless_body(_site: HostileSite, _request: Received, reply: Reply) -> None:
    await reply.head(200, [("Content-Type", "text/html")])
    while True:
        await reply.raw(b"<p>more</p>" * 5_000)


PAGES: Final[Mapping[str, Page]] = {
    **{f"/frames/{what}": for_ever for what in FOR_EVER},
    "/frames/large-table": large_table,
    "/frames/large-header": large_header,
    "/frames/endless-body": endless_body,
}
