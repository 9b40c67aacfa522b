"""Pictures by Pillow, imported when it is needed: their dimensions, and small copies of them."""

from __future__ import annotations

import struct
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PIXELS: Final = 40_000_000
"""A picture with more is not unpacked: a file of some kB may have thousands of millions."""

THUMBNAIL_PIXELS: Final = 256
"""The longer side of a small copy has at most so many."""

# The library's own bound would keep what a head says; nothing is unpacked before ours is asked.
Image.MAX_IMAGE_PIXELS = None
FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "ICO")
"""What is read."""
_UNREADABLE: Final = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, KeyError, AttributeError,
    OverflowError, ZeroDivisionError, NotImplementedError, struct.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the head of a picture says: its media type, and how many pixels it has."""

    media_type: str
    width: int
    height: int

    @property
    def is_bomb(self) -> bool:
        """Whether it has too many pixels to be unpacked."""
        return self.width * self.height > MOST_PIXELS


class NoPicture(ValueError):
    """The bytes are no picture of a kind that is read, or it has too many pixels to be unpacked."""


def described(body: bytes) -> Picture:
    """Return what a picture's head says, without unpacking it; raises NoPicture."""
    with _opened(body) as image:
        width, height = image.size
        return Picture(media_type=Image.MIME[image.format or ""], width=width, height=height)


def thumbnail(body: bytes) -> bytes:
    """Return a PNG with at most 256 pixels a side, and with nothing else of the file; raises NoPicture."""
    with _opened(body) as image:
        if Picture(media_type="", width=image.width, height=image.height).is_bomb:
            raise NoPicture(f"{image.width} × {image.height} pixels are too many")
        size = (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
        image.draft("RGB", size)  # a JPEG is unpacked at an eighth of its size
        mode = "RGBA" if image.has_transparency_data else "RGB"
        small = image.convert(mode)
        small.thumbnail(size)
        written = BytesIO()
        Image.frombytes(mode, small.size, small.tobytes()).save(written, format="PNG", optimize=True)
        return written.getvalue()


@contextmanager
def _opened(body: bytes) -> Iterator[Image.Image]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged files, and of large ones, whose bound is ours
        try:
            with Image.open(BytesIO(body), formats=FORMATS) as image:
                yield image
        except NoPicture:
            raise
        except _UNREADABLE as error:
            raise NoPicture(str(error)[:200]) from None
