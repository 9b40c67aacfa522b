"""What every client makes of an answer: its headers, bounded and decoded, and its body, inflated."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from crawler.errors import HeaderBomb
from crawler.fetch.inflate import InflateLimits, inflate
from crawler.http import Fetched, Headers

if TYPE_CHECKING:
    from collections.abc import Sequence

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


async def body_of(sent: bytes, headers: Headers, limits: InflateLimits, *, keep: int | None) -> bytes:
    """Return a body with its codings undone; a large one in a thread. Raises BadContent or TooLarge."""
    coding = headers.joined("Content-Encoding")
    if not coding or not sent:
        return sent
    if len(sent) > _INFLATE_IN_THREAD_BYTES:
        return await asyncio.to_thread(inflate, sent, coding, limits, cut_at=keep)
    return inflate(sent, coding, limits, cut_at=keep)


def fetched(
    request: Request,
    *,
    status: int,
    headers: Headers,
    sent: bytes,
    body: bytes,
    started: float,
    http2: bool = False,
) -> Fetched:
    """Return the answer to `request`, cut where that says; `sent` is the body as it came."""
    keep = request.keep_bytes
    return Fetched(
        url=request.url,
        status=status,
        headers=headers,
        body=body if keep is None else body[:keep],
        wire_bytes=len(sent),
        elapsed_seconds=asyncio.get_running_loop().time() - started,
        truncated=keep is not None and (len(sent) > keep or len(body) >= keep),
        http2=http2,
    )


def _text(octets: bytes) -> str:
    """Decode what a header holds: UTF-8 where it is that, otherwise Latin-1 (RFC 9110 §5.5)."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")
