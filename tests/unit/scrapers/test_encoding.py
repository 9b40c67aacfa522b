"""Encodings: what bytes are in, in the standard's order of who may say so."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scrapers import encoding

BEGINNINGS = (
    b"<!doctype html>",
    b"<!DOCTYPE HTML PUBLIC '>'>",
    b"<html>",
    b'<html lang="en" xml:lang="en">',
    b'<html lang=">">',
    b'<html a="><head><meta charset="utf-8">',
    b"<head>",
    b'<head class="x">',
    b'<meta charset="utf-8">',
    b'<META CHARSET="UTF-8" />',
    b'<meta\x0bcharset="utf-8">',
    b'<meta charset="koi8-r">',
    b"<!--",
    b"-->",
    b"\n",
)
RUSSIAN = "Привет, мир. Как дела?"


def test_byte_order_mark_beats_the_header() -> None:
    assert encoding.choose("\ufeffä".encode(), charset="windows-1251") == "utf-8"
    assert encoding.choose("\ufeffä".encode("utf-16-le"), charset="utf-8") == "utf-16le"
    assert encoding.choose("\ufeffä".encode("utf-16-be"), charset="utf-8") == "utf-16be"


def test_header_beats_the_meta() -> None:
    assert encoding.choose(b'<meta charset="koi8-r">', charset="Windows-1251") == "windows-1251"


def test_unknown_header_charset_leaves_the_word_to_the_meta() -> None:
    assert encoding.choose(b'<meta charset="koi8-r">', charset="no-such-thing") == "koi8-r"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (b"<meta charset=koi8-r>", "koi8-r"),
        (b"<META CHARSET='KOI8-R'>", "koi8-r"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        (b'<!-- <meta charset="koi8-r"> --><meta charset=big5>', "big5"),
        (b"<a title='<meta charset=koi8-r>'><meta charset=big5>", "big5"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<meta name=description content='charset=koi8-r'>", "windows-1252"),
        (b"<meta charset='koi8-r", "windows-1252"),
    ],
)
def test_meta_is_read_as_the_standard_prescribes(markup: bytes, expected: str) -> None:
    assert encoding.choose(markup) == expected


def test_meta_beyond_the_first_kilobyte_still_changes_the_encoding() -> None:
    late = b"<!--" + b"x" * 3000 + b"--><script>'<meta charset=big5>'</script><meta charset=koi8-r>"
    assert encoding.choose(late) == "koi8-r"


def test_xml_follows_its_declaration_and_is_utf8_without_one() -> None:
    assert encoding.choose(b'<?xml version="1.0" encoding="koi8-r"?><a/>', xml=True) == "koi8-r"
    assert encoding.choose("<a>é</a>".encode("latin-1"), xml=True) == "utf-8"
    assert encoding.choose('<?xml version="1.0"?><a/>'.encode("utf-16-be"), xml=True) == "utf-16be"


def test_undeclared_utf8_is_recognised() -> None:
    assert encoding.choose(RUSSIAN.encode()) == "utf-8"


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("ru", "windows-1251", RUSSIAN),
        ("ja", "euc-jp", "日本語の文"),
        ("ja", "shift_jis", "日本語の文です、長い"),
    ],
)
def test_language_of_the_page_decides_where_nothing_is_declared(language: str, name: str, text: str) -> None:
    body = f'<html lang="{language}">'.encode() + text.encode(name)
    assert encoding.choose(body) == name
    assert encoding.decode(body, name).endswith(text)


def test_what_nothing_explains_is_windows_1252() -> None:
    assert encoding.choose(b"caf\xe9 \x80") == "windows-1252"
    assert encoding.decode(b"caf\xe9 \x80", "windows-1252") == "café €"


def test_decoding_drops_the_mark_and_replaces_what_is_broken() -> None:
    assert encoding.decode(b"\xef\xbb\xbfa\xff", "utf-8") == "a\ufffd"
    assert encoding.decode(b"\xff\xfea\x00", "utf-16le") == "a"


def test_replacement_encoding_gives_one_replacement_character() -> None:
    assert encoding.name_of("ISO-2022-KR") == "replacement"
    assert encoding.decode(b"anything", "replacement") == "\ufffd"
    assert encoding.decode(b"", "replacement") == ""


@pytest.mark.parametrize("name", sorted(set(encoding._NAMES.values()) - {"replacement"}))
def test_every_encoding_of_the_standard_can_be_decoded(name: str) -> None:
    codec = {"utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}.get(name, "ascii")
    assert encoding.decode("abc".encode(codec), name) == "abc"


@given(st.lists(st.sampled_from(BEGINNINGS), max_size=7).map(b"".join))
@example(b'<!doctype html>\n<html lang="en" xml:lang="en">\n<head>\n<META CHARSET="UTF-8" />')
def test_usual_beginning_says_what_it_says_behind_another_tag(body: bytes) -> None:
    assert encoding.choose(body) == encoding.choose(b"<x>" + body)
