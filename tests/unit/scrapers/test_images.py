"""Pictures: what their heads say, and small copies, whatever the bytes are."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scrapers.extractors.files import Files, endings, images
from scrapers.extractors.files.images import NoPicture, Picture
from scrapers.page import JSON, Page


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


FORMS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "ICO")
PDF = b"%PDF-1.4\n1 0 obj\nendobj\ntrailer\n%%EOF\n"


@pytest.mark.parametrize(
    ("after", "codes"),
    [
        (b"<!-- served in 12 ms -->" * 100, []),  # what a server appends
        (b"2 0 obj\n<< /Length 9000 >>\nstream\n" + b"x" * 2_000, ["file_truncated"]),  # a second part
        (b"2 0 obj\n<< >>\nendobj\n" + b"x" * 2_000 + b"\n%%EOF\n", []),
    ],
)
def test_pdf_ends_with_its_last_part_whatever_follows(after: bytes, codes: list[str]) -> None:
    assert read(PDF + after)[1] == codes


def read(body: bytes, said: str = "application/octet-stream") -> tuple[list[dict[str, JSON]], list[str]]:
    """Return the items and the codes of problems that `files` gives for these bytes."""
    page = Page(url="https://site.example/x", body=body, headers={"content-type": said})
    found = list(Files().parse(page))
    return [one for one in found if isinstance(one, dict)], [
        str(getattr(one, "code", "")) for one in found if not isinstance(one, dict)
    ]


@settings(max_examples=60, deadline=None)
@given(form=st.sampled_from(FORMS), left=st.integers(1, 200), junk=st.binary(max_size=20))
def test_picture_is_cut_off_wherever_it_ends_and_whole_whatever_follows(
    form: str, left: int, junk: bytes
) -> None:
    body = picture(form, size=(30, 20))
    (whole,), none = read(body + junk)
    assert none == []

    items, problems = read(body[: max(len(body) - left - 4, len(body) // 2)])
    assert problems == (["file_truncated"] if items else [])
    for item in items:
        assert (item["width"], item["height"]) == (whole["width"], whole["height"])


@given(left=st.integers(2, len(PDF) - 10), zeros=st.integers(0, 3_000))
def test_document_is_cut_off_wherever_it_ends(left: int, zeros: int) -> None:
    assert read(PDF + bytes(zeros))[1] == []
    items, problems = read(PDF[:-left])
    assert (len(items), problems) == (1, ["file_truncated"])


def test_small_picture_in_the_head_of_a_large_one_does_not_end_it() -> None:
    small, large = picture("JPEG", size=(8, 8)), picture("JPEG")
    note = b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small
    whole = large[:2] + note + large[2:]

    assert read(whole)[1] == []
    assert read(whole[:-2])[1] == ["file_truncated"]


def test_bomb_has_its_item_and_says_that_it_is_never_unpacked() -> None:
    items, problems = read(png_that_claims(60_000, 60_000) + b"IEND\xaeB`\x82")
    assert (items[0]["width"], problems) == (60_000, ["picture_too_large"])


def test_what_is_said_to_be_a_picture_and_is_none_gives_a_problem() -> None:
    assert read(b"\0\x01\x02 no picture", "image/avif") == ([], ["picture_unreadable"])
    assert read(b"\0\x01\x02 no picture") == ([], [])
    page = Page(url="https://site.example/x", body=b"\0\x01", headers={"content-type": "image/avif"})
    assert list(Files(pictures=False).parse(page)) == []


@pytest.mark.parametrize(
    ("media_type", "part"), [("image/gif", b"\x01\x00"), ("image/jpeg", b"\xff\xe0\x00\x02")]
)
def test_file_of_endless_parts_counts_as_whole(media_type: str, part: bytes) -> None:
    head = b"GIF89a" + bytes(7) + b"\x21\x01" if media_type == "image/gif" else b"\xff\xd8"
    body = (
        head + part[:1] * 2 * (endings.MOST_PARTS + 9)
        if media_type == "image/gif"
        else head + part * (endings.MOST_PARTS + 9)
    )
    assert endings.is_whole(media_type, body)
    assert not endings.is_whole(media_type, body[: len(head) + 40])
