"""What every client makes of an answer: its headers, bounded and decoded, and its body, inflated."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from crawler.errors import HeaderBomb, TruncatedBody
from crawler.fetch.inflate import InflateLimits, inflate
from crawler.http import Fetched, Headers
from crawler.policy.wholeness import is_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.errors import FetchError
    from crawler.fetch.limits import FetchLimits
    from crawler.http import Request

_INFLATE_IN_THREAD_BYTES: Final = 262_144


def headers_of(raw: Sequence[tuple[bytes, bytes]], limits: FetchLimits) -> Headers:
    """Return the headers as text; raises HeaderBomb."""
    size = sum([len(name) + len(value) + 4 for name, value in raw])
    if len(raw) > limits.max_headers or size > limits.max_header_bytes:
        raise HeaderBomb
    try:
        return Headers([(name.decode(), value.decode()) for name, value in raw])
    except UnicodeDecodeError:
        return Headers([(_text(name), _text(value)) for name, value in raw])


async def body_of(sent: list[bytes], headers: Headers, limits: InflateLimits, *, keep: int | None) -> bytes:
    """Return a body with its codings undone; a large one in a thread. Raises BadContent or TooLarge.

    The one body in `sent` is taken out, so that nobody holds it while a second coding is undone.
    """
    coding = headers.joined("Content-Encoding")
    if not coding or not sent[0]:
        return sent.pop()
    if len(sent[0]) > _INFLATE_IN_THREAD_BYTES:
        return await asyncio.to_thread(_inflated, sent, coding, limits, keep)
    return _inflated(sent, coding, limits, keep)


def _inflated(sent: list[bytes], coding: str, limits: InflateLimits, keep: int | None) -> bytes:
    return inflate(sent.pop(), coding, limits, cut_at=keep)


def confirm(request: Request, status: int, headers: Headers, body: bytes) -> None:
    """Raise TruncatedBody where a body that nobody has said to be whole may have been cut on the way.

    What only its status and head are asked of is taken as it is; where a body is cut at will, no end tells.
    """
    if not 200 <= status < 300:
        return
    kind, coding = headers.joined("Content-Type"), headers.joined("Content-Encoding")
    if request.keep_bytes is not None or not is_whole(body, content_type=kind, coding=coding):
        raise TruncatedBody


def bare(error: FetchError) -> FetchError:
    """Return `error` without the frames it came through: they hold the body, in a circle with the error."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def fetched(
    request: Request,
    *,
    status: int,
    headers: Headers,
    wire_bytes: int,
    body: bytes,
    started: float,
    sent_at: float | None = None,
    http2: bool = False,
) -> Fetched:
    """Return the answer to `request`, cut where that says; `sent_at` when its connection was made for it."""
    keep = request.keep_bytes
    return Fetched(
        url=request.url,
        status=status,
        headers=headers,
        body=body if keep is None else body[:keep],
        wire_bytes=wire_bytes,
        elapsed_seconds=asyncio.get_running_loop().time() - started,
        truncated=keep is not None and (wire_bytes > keep or len(body) >= keep),
        http2=http2,
        dial_seconds=sent_at - started if sent_at is not None else 0.0,
    )


def _text(octets: bytes) -> str:
    """Decode what a header holds: UTF-8 where it is that, otherwise Latin-1 (RFC 9110 §5.5)."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")
