"""Sitemaps: every form, every bound, and nothing raised."""

from __future__ import annotations

import gzip
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers import sitemap
from scrapers.sitemap import Entry, Piece, found, stream

URL = "https://shop.example/sitemap.xml"
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def whole(body: bytes) -> Piece:
    """Return all pieces as one."""
    pieces = list(sitemap.pieces(body, url=URL))
    return Piece(
        entries=tuple(entry for piece in pieces for entry in piece.entries),
        sitemaps=tuple(entry for piece in pieces for entry in piece.sitemaps),
        problems=tuple(problem for piece in pieces for problem in piece.problems),
    )


def read(text: str) -> Piece:
    return whole(text.encode())


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def codes(result: Piece) -> list[str]:
    return [problem.code for problem in result.problems]


def test_urlset_gives_its_entries_with_lastmod() -> None:
    result = read(
        f"<?xml version='1.0'?><urlset {NAMESPACE}><url><loc> https://shop.example/a?x=1&amp;y=2 </loc>"
        "<lastmod>2024-01-02</lastmod></url><url><loc>/b</loc></url></urlset>"
    )
    assert result == Piece(
        entries=(
            Entry(url="https://shop.example/a?x=1&y=2", lastmod="2024-01-02"),
            Entry(url="https://shop.example/b"),
        )
    )


def test_locations_of_images_are_not_pages() -> None:
    result = read(
        f'<urlset {NAMESPACE} xmlns:i="http://www.google.com/schemas/sitemap-image/1.1"><url>'
        "<loc>/a</loc><i:image><i:loc>/a.png</i:loc></i:image></url></urlset>"
    )
    assert [entry.url for entry in result.entries] == ["https://shop.example/a"]


def test_index_gives_further_sitemaps() -> None:
    result = read(f"<sitemapindex {NAMESPACE}><sitemap><loc>/s1.xml</loc></sitemap></sitemapindex>")
    assert (result.entries, result.sitemaps) == ((), (Entry(url="https://shop.example/s1.xml"),))


def test_rss_gives_its_items_and_not_its_channel() -> None:
    result = read(
        "<rss><channel><link>https://shop.example/</link><item><link>https://shop.example/1</link>"
        "<pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate></item></channel></rss>"
    )
    assert result.entries == (Entry(url="https://shop.example/1", lastmod="Mon, 01 Jan 2024 00:00:00 GMT"),)


def test_atom_gives_alternate_links_of_entries() -> None:
    result = read(
        '<feed xmlns="http://www.w3.org/2005/Atom"><link href="/feed"/><entry><link rel="edit" href="/edit"/>'
        '<link href="/1"/><updated>2024-01-01T00:00:00Z</updated></entry></feed>'
    )
    assert result.entries == (Entry(url="https://shop.example/1", lastmod="2024-01-01T00:00:00Z"),)


def test_text_gives_a_url_a_line() -> None:
    result = read("\ufeffhttps://shop.example/1\r\n\r\nhttps://shop.example/2\nnot a url\n")
    assert [entry.url for entry in result.entries] == ["https://shop.example/1", "https://shop.example/2"]
    assert codes(result) == ["sitemap_bad_urls"]


def test_gzip_is_known_by_its_first_bytes_in_several_members() -> None:
    halves = (
        gzip.compress(f"<urlset {NAMESPACE}>".encode()),
        gzip.compress(b"<url><loc>/a</loc></url></urlset>"),
    )
    result = whole(b"".join(halves))
    assert [entry.url for entry in result.entries] == ["https://shop.example/a"]


def test_gzip_bomb_is_inflated_to_the_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_BYTES", 100_000)
    body = b"<urlset><url><loc>/a</loc></url>" + b" " * 1_000_000 + b"<url><loc>/b</loc></url></urlset>"
    result = whole(gzip.compress(body))
    assert [entry.url for entry in result.entries] == ["https://shop.example/a"]
    assert "sitemap_too_large" in codes(result)


def test_more_urls_than_allowed_are_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "MAX_URLS", 3)
    result = read("<urlset>" + "".join(f"<url><loc>/{n}</loc></url>" for n in range(9)) + "</urlset>")
    assert len(result.entries) == 3
    assert codes(result) == ["sitemap_too_many_urls"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_doctype_is_refused_in_any_encoding(encoding: str) -> None:
    head = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE u [<!ENTITY x 'y'>]>"
    bomb = f"{head}<urlset><url><loc>/&x;</loc></url></urlset>"
    result = whole(bomb.encode(encoding))
    assert (result.entries, codes(result)) == ((), ["sitemap_doctype"])


def test_broken_file_gives_what_stood_before_the_break() -> None:
    result = read("<urlset><url><loc>/a & b</loc></url><url><loc>/c</loc></url><url><lo")
    assert "https://shop.example/c" in [entry.url for entry in result.entries]
    assert codes(result) == ["sitemap_malformed"]
    damaged = whole(gzip.compress(b"<urlset><url><loc>/a</loc></url></urlset>")[:-9])
    assert "sitemap_malformed" in codes(damaged)


def test_web_page_is_not_a_sitemap() -> None:
    assert codes(read("<html><body><p>Not found</p></body></html>")) == ["not_a_sitemap"]
    assert codes(read("Not found")) == ["not_a_sitemap"]
    assert codes(read("")) == ["not_a_sitemap"]


def test_entries_that_are_not_http_are_counted() -> None:
    result = read(
        "<urlset><url><loc>ftp://x/</loc></url><url><loc>http://x.example/"
        + "a" * 3000
        + "</loc></url></urlset>"
    )
    assert result.entries == ()
    assert result.problems[0].message.startswith("2 entries")


@given(st.binary(max_size=300) | st.text("<>/urlsetc&;! \x00é", max_size=200).map(str.encode))
def test_no_bytes_raise(body: bytes) -> None:
    whole(body)
    whole(b"\x1f\x8b" + body)
    whole(b"<urlset>" + body)


def test_index_says_when_its_sitemaps_changed() -> None:
    result = read(
        "<sitemapindex><sitemap><loc>/1.xml</loc><lastmod>2024-01-02</lastmod></sitemap></sitemapindex>"
    )
    assert result.sitemaps == (Entry(url="https://shop.example/1.xml", lastmod="2024-01-02"),)


@pytest.mark.parametrize("empty", ["<urlset/>", "<rss><channel><title>x</title></channel></rss>", "<feed/>"])
def test_sitemap_without_entries_is_one_all_the_same(empty: str) -> None:
    assert read(empty) == Piece()


def test_large_sitemap_comes_in_many_pieces() -> None:
    body = "<urlset>" + "".join(f"<url><loc>/page/{n}</loc></url>" for n in range(20_000)) + "</urlset>"
    pieces = list(sitemap.pieces(body.encode(), url=URL))
    assert sum(len(piece.entries) for piece in pieces) == 20_000
    assert max(len(piece.entries) for piece in pieces) < 4_000
    text = "".join(f"https://shop.example/{n}\n" for n in range(20_000))
    pieces = list(sitemap.pieces(text.encode(), url=URL))
    assert [entry.url for piece in pieces for entry in piece.entries] == text.split()


@pytest.mark.parametrize(
    "filling",
    [
        b"<a/>",
        b"<!---->",
        b"<?p?>",
        b"<url><b/></url>",
        b"<url>" + b"<loc/>" * 9_000,
        b"<![CDATA[x>]]>",
        b" ",
    ],
)
def test_memory_does_not_grow_with_the_file(filling: bytes) -> None:
    body = b"<urlset>" + filling * (1024 * 1024 // len(filling))
    before = resident_bytes()
    grown = [resident_bytes() - before for _piece in sitemap.pieces(body, url=URL)]
    assert max(grown) < 12 * 1024 * 1024  # as a tree it would be twice that and more


def test_doctype_cannot_hide_behind_a_long_prolog() -> None:
    for prolog in ("<!--" + "x" * 3_000_000 + "-->", "<!--x-->" * 300_000):
        result = read(f"{prolog}<!DOCTYPE u [<!ENTITY x 'y'>]><urlset><url><loc>/a</loc></url></urlset>")
        assert (result.entries, codes(result)) == ((), ["not_a_sitemap"])


def test_tag_without_end_is_not_waited_for() -> None:
    result = read("<urlset " + "".join(f'a{n}="" ' for n in range(500_000)))
    assert codes(result) == ["sitemap_malformed"]
