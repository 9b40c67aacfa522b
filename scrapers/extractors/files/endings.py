"""Whether all of a file is there, by its structure: nothing is unpacked, what follows its end is ignored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Order = Literal["big", "little"]
MOST_PARTS: Final = 100_000
"""A file of more parts counts as whole: walking through them would take longer than the answer is worth."""
PDF_END_WITHIN: Final = 1_024
_PDF_OBJECT: Final = re.compile(rb"\d\s+\d+\s+obj\b")


def is_whole(media_type: str, body: bytes) -> bool:
    """Return False where `body`, which begins as a file of this type, ends before that file does."""
    ending = _ENDINGS.get(media_type)
    try:
        return ending is None or ending(body)
    except IndexError:  # a part begins and is not there
        return False
    except StopIteration:  # too many parts
        return True


def _png(body: bytes) -> bool:
    return body.rfind(b"IEND") > 0


def _jpeg(body: bytes) -> bool:
    """Walk to where the pixels begin: the head may hold a small picture with an end of its own."""
    place = 2
    for _ in range(MOST_PARTS):
        if body[place] != 0xFF:
            return True  # damaged in another way
        marker = body[place + 1]
        if marker == 0xDA:
            return body.find(b"\xff\xd9", place) > 0
        place += 1 if marker == 0xFF else 2 + _number(body, place + 2, 2, "big")
    return True


def _gif(body: bytes) -> bool:
    place, steps = 13 + _colours(body[10]), iter(range(MOST_PARTS))
    while True:
        kind = body[place]
        if kind == 0x3B:
            return True
        if kind == 0x2C:
            place += 11 + _colours(body[place + 9])
        elif kind == 0x21:
            place += 2
        else:
            return True  # damaged in another way
        place = _after_blocks(body, place, steps)


def _after_blocks(body: bytes, place: int, steps: Iterator[int]) -> int:
    next(steps)
    while size := body[place]:
        next(steps)
        place += 1 + size
    return place + 1


def _colours(flags: int) -> int:
    """Return how long the table of colours is that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _webp(body: bytes) -> bool:
    return len(body) >= 8 + _number(body, 4, 4, "little")


def _bmp(body: bytes) -> bool:
    if _number(body, 14, 4, "little") < 40 or _number(body, 30, 4, "little"):
        return True  # an old head, or packed pixels: it does not say how long they are
    width, height = _number(body, 18, 4, "little"), _number(body, 22, 4, "little", signed=True)
    row = (width * _number(body, 28, 2, "little") + 31) // 32 * 4
    return len(body) >= _number(body, 10, 4, "little") + row * abs(height)


def _ico(body: bytes) -> bool:
    entries = range(6, 6 + 16 * _number(body, 4, 2, "little"), 16)
    ends = (_number(body, at + 8, 4, "little") + _number(body, at + 12, 4, "little") for at in entries)
    return len(body) >= max(ends, default=0)


def _pdf(body: bytes) -> bool:
    """Say whether a PDF ends; what servers append to one is no part of it, and a part of it has objects."""
    after = body.rpartition(b"%%EOF")[2].strip(b"\0 \r\n")
    return b"%%EOF" in body and (len(after) <= PDF_END_WITHIN or _PDF_OBJECT.search(after) is None)


def _number(body: bytes, place: int, size: int, order: Order, *, signed: bool = False) -> int:
    part = body[place : place + size]
    if len(part) < size:
        raise IndexError(place)
    return int.from_bytes(part, order, signed=signed)


_ENDINGS: Final[dict[str, Callable[[bytes], bool]]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/bmp": _bmp,
    "image/x-icon": _ico,
    "image/vnd.microsoft.icon": _ico,
    "application/pdf": _pdf,
}
