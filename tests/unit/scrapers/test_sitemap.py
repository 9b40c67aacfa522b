"""Sitemaps: every form, every bound, and nothing raised."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers import sitemap
from scrapers.sitemap import Entry, Sitemap

URL = "https://shop.example/sitemap.xml"
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def read(text: str) -> Sitemap:
    return sitemap.read(text.encode(), url=URL)


def codes(result: Sitemap) -> list[str]:
    return [problem.code for problem in result.problems]


def test_urlset_gives_its_entries_with_lastmod() -> None:
    result = read(
        f"<?xml version='1.0'?><urlset {NAMESPACE}><url><loc> https://shop.example/a?x=1&amp;y=2 </loc>"
        "<lastmod>2024-01-02</lastmod></url><url><loc>/b</loc></url></urlset>"
    )
    assert result == Sitemap(
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
    assert (result.entries, result.sitemaps) == ((), ("https://shop.example/s1.xml",))


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
    assert codes(result) == ["bad_url"]


def test_gzip_is_known_by_its_first_bytes_in_several_members() -> None:
    halves = (
        gzip.compress(f"<urlset {NAMESPACE}>".encode()),
        gzip.compress(b"<url><loc>/a</loc></url></urlset>"),
    )
    result = sitemap.read(b"".join(halves), url=URL)
    assert [entry.url for entry in result.entries] == ["https://shop.example/a"]


def test_gzip_bomb_is_inflated_to_the_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "MAX_BYTES", 100_000)
    body = b"<urlset><url><loc>/a</loc></url>" + b" " * 1_000_000 + b"<url><loc>/b</loc></url></urlset>"
    result = sitemap.read(gzip.compress(body), url=URL)
    assert [entry.url for entry in result.entries] == ["https://shop.example/a"]
    assert "too_large" in codes(result)


def test_more_urls_than_allowed_are_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "MAX_URLS", 3)
    result = read("<urlset>" + "".join(f"<url><loc>/{n}</loc></url>" for n in range(9)) + "</urlset>")
    assert len(result.entries) == 3
    assert codes(result) == ["too_many_urls"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_doctype_is_refused_in_any_encoding(encoding: str) -> None:
    head = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE u [<!ENTITY x 'y'>]>"
    bomb = f"{head}<urlset><url><loc>/&x;</loc></url></urlset>"
    result = sitemap.read(bomb.encode(encoding), url=URL)
    assert (result.entries, codes(result)) == ((), ["doctype_refused"])


def test_broken_file_gives_what_stood_before_the_break() -> None:
    result = read("<urlset><url><loc>/a & b</loc></url><url><loc>/c</loc></url><url><lo")
    assert "https://shop.example/c" in [entry.url for entry in result.entries]
    assert codes(result) == ["malformed"]
    damaged = sitemap.read(gzip.compress(b"<urlset><url><loc>/a</loc></url></urlset>")[:-9], url=URL)
    assert "malformed" in codes(damaged)


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
    sitemap.read(body, url=URL)
    sitemap.read(b"\x1f\x8b" + body, url=URL)
    sitemap.read(b"<urlset>" + body, url=URL)
