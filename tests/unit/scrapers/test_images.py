"""Pictures: what their heads say, and small copies, whatever the bytes are."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scrapers.extractors.files import images
from scrapers.extractors.files.images import NoPicture, Picture


def picture(form: str, mode: str = "RGB", size: tuple[int, int] = (600, 300)) -> bytes:
    written = BytesIO()
    Image.new(mode, size, 7 if mode == "P" else None).save(written, format=form)
    return written.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(64))
    chunks = [
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (head, pixels)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def size_of(png: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(png), formats=["PNG"]) as image:
        image.load()
        return image.size


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_head_says_type_and_dimensions(form: str) -> None:
    assert images.described(picture(form)) == Picture(
        media_type=f"image/{form.lower()}", width=600, height=300
    )


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "L"),
        ("PNG", "I;16"),
        ("JPEG", "CMYK"),
        ("GIF", "P"),
    ],
)
def test_small_copy_keeps_the_shape(form: str, mode: str) -> None:
    assert size_of(images.thumbnail(picture(form, mode))) == (256, 128)


def test_picture_that_is_small_stays_as_large_as_it_is() -> None:
    assert size_of(images.thumbnail(picture("PNG", size=(10, 4)))) == (10, 4)


def test_small_copy_has_nothing_else_of_the_file() -> None:
    noted = BytesIO()
    Image.new("RGB", (9, 9)).save(noted, format="JPEG", comment=b"<script>")

    assert b"<script>" in noted.getvalue()
    assert b"<script>" not in images.thumbnail(noted.getvalue() + b"<script>")


def test_bomb_of_pixels_is_described_and_never_unpacked() -> None:
    bomb = png_that_claims(60_000, 60_000)

    assert images.described(bomb).width == 60_000
    with pytest.raises(NoPicture, match="too many"):
        images.thumbnail(bomb)


@pytest.mark.parametrize("body", [b"", b"GIF89a", b"<svg>", b"%PDF-1.7", png_that_claims(0, 0)])
def test_what_is_no_picture_is_told(body: bytes) -> None:
    with pytest.raises(NoPicture):
        images.thumbnail(body)


@settings(max_examples=60, deadline=None)
@given(
    form=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "ICO"]),
    cut=st.integers(0, 400),
    place=st.integers(0, 200),
    bytes_=st.binary(max_size=8),
)
def test_damaged_picture_raises_nothing_else(form: str, cut: int, place: int, bytes_: bytes) -> None:
    body = picture(form, size=(30, 20))
    damaged = (body[:place] + bytes_ + body[place + len(bytes_) :])[: cut or None]
    for work in (images.described, images.thumbnail):
        try:
            work(damaged)
        except NoPicture:
            continue
