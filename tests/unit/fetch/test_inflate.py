"""Content codings undone within bounds."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from functools import partial

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import BadContent, BadEncoding, InflationBomb, TooLarge, TruncatedBody
from crawler.fetch.inflate import InflateLimits, inflate

LIMITS = InflateLimits()


def streamed_zstd(data: bytes) -> bytes:
    """Compress without saying how long it is, as servers do that send while they read."""
    press = zstandard.ZstdCompressor().compressobj()
    return press.compress(data) + press.flush()


PRESSES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", lambda data: zlib.compress(data, wbits=-zlib.MAX_WBITS)),
    "brotli": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.ZstdCompressor().compress),
    "zstd, length unknown": ("zstd", streamed_zstd),
}
every_press = pytest.mark.parametrize("name", PRESSES)


@every_press
@given(data=st.binary(max_size=3_000), times=st.integers(1, 40))
def test_what_was_pressed_comes_back(name: str, data: bytes, times: int) -> None:
    coding, press = PRESSES[name]

    assert inflate(press(data * times), coding, LIMITS) == data * times


@every_press
@pytest.mark.parametrize("size", [262_144, 524_288, 524_289, 3_000_000])
def test_large_body_comes_back_too(name: str, size: int) -> None:
    coding, press = (PRESSES | {"brotli": ("br", partial(brotli.compress, quality=1))})[name]
    body = random.Random(size).randbytes(size)

    assert inflate(press(body), coding, LIMITS) == body
    with pytest.raises(TruncatedBody):
        inflate(press(body)[:-10], coding, LIMITS)


@every_press
@pytest.mark.parametrize("missing", [1, 3, 10])
def test_body_that_breaks_off_is_an_error(name: str, missing: int) -> None:
    coding, press = PRESSES[name]
    body = press(bytes(range(256)) * 50)

    with pytest.raises(TruncatedBody):
        inflate(body[:-missing], coding, LIMITS)


@every_press
def test_small_body_that_becomes_huge_is_a_bomb(name: str) -> None:
    coding, press = PRESSES[name]

    with pytest.raises(InflationBomb):
        inflate(press(bytes(30_000_000)), coding, LIMITS)


@every_press
def test_result_is_cut_where_asked(name: str) -> None:
    coding, press = PRESSES[name]
    data = bytes(range(256)) * 50

    assert inflate(press(data), coding, LIMITS, cut_at=700) == data[:700]


@every_press
@given(garbage=st.binary(min_size=1, max_size=200))
def test_garbage_is_never_more_than_bad_content(name: str, garbage: bytes) -> None:
    coding, _ = PRESSES[name]
    try:
        inflate(garbage, coding, LIMITS)
    except BadContent:
        return


def test_cut_body_inflates_as_far_as_it_goes() -> None:
    data = bytes(range(256)) * 50

    assert data.startswith(inflate(gzip.compress(data)[:200], "gzip", LIMITS, cut_at=10_000))


def test_codings_are_undone_last_first() -> None:
    body = gzip.compress(brotli.compress(b"hello"))

    assert inflate(body, "br, gzip", LIMITS) == b"hello"


def test_third_coding_is_refused() -> None:
    with pytest.raises(BadEncoding, match="3 content codings"):
        inflate(b"x", "gzip, gzip, gzip", LIMITS)


@pytest.mark.parametrize("coding", ["", "identity", "none", "UTF-8", "identity, "])
def test_no_coding_leaves_the_body_alone(coding: str) -> None:
    assert inflate(b"hello", coding, LIMITS) == b"hello"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "rot13"])
def test_plain_text_is_not_what_it_says(coding: str) -> None:
    with pytest.raises(BadContent):
        inflate(b"<p>plain text, whatever the header says", coding, LIMITS)


def test_gzip_members_follow_each_other_and_padding_is_passed_over() -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0\0"

    assert inflate(body, "gzip", LIMITS) == b"one two"


def test_large_body_within_the_ratio_has_the_size_limit() -> None:
    limits = InflateLimits(max_bytes=200_000, free_bytes=1_000_000)

    with pytest.raises(TooLarge):
        inflate(gzip.compress(bytes(200_001)), "gzip", limits)
    assert len(inflate(gzip.compress(bytes(200_000)), "gzip", limits)) == 200_000


@pytest.mark.parametrize(
    ("wire_bytes", "allowed"), [(34, 1_048_576), (20_000, 2_000_000), (10**6, 20_971_520)]
)
def test_ratio_holds_past_the_free_bytes_and_below_the_most(wire_bytes: int, allowed: int) -> None:
    assert LIMITS.allowed(wire_bytes) == allowed
