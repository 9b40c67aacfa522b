"""Undoes Content-Encoding within bounds that are known before the first byte is inflated."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import Final

import brotli  # type: ignore[import-untyped]
import zstandard

from crawler.errors import BadEncoding, InflationBomb, TooLarge, TruncatedBody

ACCEPTED: Final = "gzip, deflate, br, zstd"

_NO_CODING: Final = frozenset({"", "identity", "none", "binary", "7bit", "8bit", "utf-8", "utf8"})
_GZIP_MAGIC: Final = b"\x1f\x8b"
_STEP: Final = 262_144
_SLICE: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class InflateLimits:
    """A body may inflate to `free_bytes` whatever was sent, to `ratio` × that, and to `max_bytes` at most."""

    max_bytes: int = 20 * 1_048_576
    free_bytes: int = 1_048_576
    ratio: int = 100
    max_codings: int = 2

    def allowed(self, wire_bytes: int) -> int:
        return min(self.max_bytes, max(self.free_bytes, wire_bytes * self.ratio))


def inflate(body: bytes, content_encoding: str, limits: InflateLimits, *, cut_at: int | None = None) -> bytes:
    """Return `body` with its codings undone, the last applied first (RFC 9110 §8.4).

    With `cut_at` a longer result is cut there, and a body that breaks off inflates as far as it goes.
    Raises BadEncoding, TruncatedBody, InflationBomb or TooLarge.
    """
    codings = [
        name for part in content_encoding.lower().split(",") if (name := part.strip()) not in _NO_CODING
    ]
    if len(codings) > limits.max_codings:
        raise BadEncoding(f"the body has {len(codings)} content codings; {limits.max_codings} are undone")
    allowed = limits.allowed(len(body))
    partial = cut_at is not None
    for done, coding in enumerate(reversed(codings), start=1):
        if not body:
            break
        bound = cut_at if cut_at is not None and done == len(codings) else allowed
        body = _undo(body, coding, bound=bound, partial=partial)
        if len(body) > bound and not (partial and done == len(codings)):
            raise _too_much(allowed, limits)
    return body[:cut_at]


def _too_much(allowed: int, limits: InflateLimits) -> TooLarge | InflationBomb:
    if allowed >= limits.max_bytes:
        return TooLarge(f"the page inflates to more than {limits.max_bytes:,} bytes")
    return InflationBomb(
        f"the body inflates to more than {allowed:,} bytes, over {limits.ratio} times what was sent"
    )


def _undo(body: bytes, coding: str, *, bound: int, partial: bool) -> bytes:
    """Inflate until the end or until a little more than `bound` bytes are there."""
    try:
        match coding:
            case "gzip" | "x-gzip":
                return _gunzip(body, bound, partial=partial)
            case "deflate":
                return _inflate_deflate(body, bound, partial=partial)
            case "br":
                return _unbrotli(body, bound, partial=partial)
            case "zstd":
                return _unzstd(body, bound, partial=partial)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise BadEncoding(f"the body is not valid {coding}") from error
    raise BadEncoding(f"the body's content coding {coding[:40]!r} is not known")


def _gunzip(body: bytes, bound: int, *, partial: bool) -> bytes:
    """Read all members (RFC 1952 §2.2); what follows the last one and is none is padding."""
    found = io.BytesIO()
    rest = memoryview(body)
    while True:
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        rest = rest[_unpack(inflater, rest, found, bound) :]
        if found.tell() > bound:
            break
        if not inflater.eof:
            _broken_off(partial=partial)
            break
        if bytes(rest[:2]) != _GZIP_MAGIC:
            break
    return found.getvalue()


def _inflate_deflate(body: bytes, bound: int, *, partial: bool) -> bytes:
    """Read zlib as RFC 9110 §8.4.1.2 has it, or raw deflate as some servers send it."""
    has_header = body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    found = io.BytesIO()
    inflater = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
    try:
        _unpack(inflater, memoryview(body), found, bound)
    except zlib.error:
        if not has_header:
            raise
        found = io.BytesIO()
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        _unpack(inflater, memoryview(body), found, bound)
    if found.tell() <= bound and not inflater.eof:
        _broken_off(partial=partial)
    return found.getvalue()


def _unpack(inflater: zlib._Decompress, body: memoryview, found: io.BytesIO, bound: int) -> int:
    """Write what `body` holds to `found`, a little more than `bound` at most; return how much was read.

    Step by step: all at once, zlib would hold it twice, and what it has not read a third time.
    """
    position = 0
    while position < len(body) and not inflater.eof:
        piece: memoryview | bytes = body[position : position + _SLICE]
        position += len(piece)
        step = None
        while piece or step is None or len(step) == _STEP:
            step = inflater.decompress(piece, _STEP)
            found.write(step)
            if found.tell() > bound or inflater.eof:
                return position - len(inflater.unused_data)
            piece = inflater.unconsumed_tail
    return position


def _unbrotli(body: bytes, bound: int, *, partial: bool) -> bytes:
    inflater = brotli.Decompressor()
    found = io.BytesIO()
    rest = memoryview(body)
    while found.tell() <= bound and not inflater.is_finished():
        ready = inflater.can_accept_more_data()
        piece, rest = (rest[:_SLICE], rest[_SLICE:]) if ready else (rest[:0], rest)
        step = inflater.process(piece, output_buffer_limit=_STEP)
        found.write(step)
        # All input is taken long before all output is given: only what gives nothing more has broken off.
        if not step and not piece:
            _broken_off(partial=partial)
            break
    return found.getvalue()


def _unzstd(body: bytes, bound: int, *, partial: bool) -> bytes:
    """Read all frames; no window over 8 MiB (RFC 9659)."""
    inflater = zstandard.ZstdDecompressor(max_window_size=8 * 1_048_576)
    reader = inflater.stream_reader(io.BytesIO(body), read_across_frames=True)
    found = io.BytesIO()
    while found.tell() <= bound and (step := reader.read(min(_STEP, bound - found.tell() + 1))):
        found.write(step)
    if found.tell() <= bound and not _is_whole_zstd(body, found.tell(), inflater):
        _broken_off(partial=partial)
    return found.getvalue()


def _is_whole_zstd(body: bytes, size: int, inflater: zstandard.ZstdDecompressor) -> bool:
    """Whether `body`, which is known to inflate to no more than `size` bytes, ends with its last frame.

    The bounded reader ends alike after a whole frame and half a one.
    """
    if zstandard.frame_content_size(body) == size:
        return True
    rest = memoryview(body)
    while rest:
        frame = inflater.decompressobj()
        while rest and not frame.eof:
            piece, rest = rest[:_SLICE], rest[_SLICE:]
            frame.decompress(piece)
        if not frame.eof:
            return False
        if frame.unused_data:
            rest = memoryview(body)[len(body) - len(rest) - len(frame.unused_data) :]
    return True


def _broken_off(*, partial: bool) -> None:
    if not partial:
        raise TruncatedBody("the compressed body breaks off")
