"""Pages: one body, decoded once, and what every view makes of it."""

from __future__ import annotations

import orjson
import pytest

from scrapers.links import links
from scrapers.page import NotJson, Page
from scrapers.page.markup import DoctypeRefused

URL = "https://shop.example/a/b.html"


def page(body: str | bytes, *, content_type: str = "text/html", url: str = URL, **headers: str) -> Page:
    raw = body if isinstance(body, bytes) else body.encode()
    return Page(url=url, body=raw, headers={"content-type": content_type, **headers})


def test_content_type_loses_parameters_and_case() -> None:
    assert page("", content_type="Text/HTML; Charset=UTF-8").content_type == "text/html"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\n <!DOCTYPE html><p>", "text/html"),
        (b"<?xml version='1.0'?><urlset/>", "application/xml"),
        (b'{"a": 1}', "application/json"),
        (b"just words", "text/plain"),
        (b"\x89PNG\x00\x00", "application/octet-stream"),
        (b"", ""),
    ],
)
def test_body_without_a_type_is_sniffed(body: bytes, expected: str) -> None:
    assert Page(url=URL, body=body).content_type == expected


def test_text_is_decoded_by_the_header_then_the_meta() -> None:
    assert page("é".encode("latin-1"), content_type="text/html; charset=iso-8859-1").text == "é"
    assert page("<meta charset=koi8-r>д".encode("koi8-r")).text.endswith("д")


def test_every_view_reads_the_same_decoded_text() -> None:
    read = page("<title>д</title><p>щ".encode("windows-1251"), content_type="text/html; charset=windows-1251")
    assert read.title == "д"
    assert read.css("p")[0].text() == "щ"
    assert read.xpath("//p/text()") == ["щ"]
    assert read.soup.p is not None
    assert read.soup.p.get_text() == "щ"


def test_base_href_is_honoured_and_joined_to_the_page() -> None:
    assert page("<base href='/docs/'>").base_url == "https://shop.example/docs/"
    assert page("<base href='javascript:x'>").base_url == URL
    assert page("<p>").base_url == URL


def test_head_facts_are_tidied() -> None:
    read = page("<html lang=de-AT><title> Two\n words </title><link rel='x Canonical' href='../c'>")
    assert (read.title, read.language, read.canonical) == ("Two words", "de-AT", "https://shop.example/c")


def test_title_of_a_drawing_is_not_the_title_of_the_page() -> None:
    assert page("<body><svg><title>icon</title></svg><p>x").title is None


def test_language_falls_back_to_the_header() -> None:
    assert page("<p>", **{"content-language": "fr, en"}).language == "fr"


def test_json_is_parsed_or_refused() -> None:
    assert page('{"a": [1]}', content_type="application/ld+json").json == {"a": [1]}
    with pytest.raises(NotJson):
        _ = page("<p>", content_type="application/json").json


def test_json_ld_flattens_graphs_and_lists_in_order() -> None:
    read = page(
        '<script type="application/ld+json">[{"@id": "1"}, {"@graph": [{"@id": "2"}]}]</script>'
        '<script type="Application/LD+JSON">{"@id": "3", "@graph": [{"@id": "4"}]}</script>'
    )
    assert [thing["@id"] for thing in read.json_ld] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "script",
    ['{"a": "x",}', '<!-- {"a": "x"} -->', '//<![CDATA[\n{"a": "x"}\n//]]>', '{"a": "x", "b": [1, ], }'],
)
def test_usual_mistakes_in_json_ld_are_forgiven(script: str) -> None:
    read = page(f'<script type="application/ld+json">{script}</script>')
    assert read.json_ld[0]["a"] == "x"


def test_hostile_white_space_in_json_ld_costs_no_time() -> None:
    script = "--> " + " " * 300_000 + "x, ]" + ", " * 100_000
    assert page(f'<script type="application/ld+json">{script}</script>').json_ld == []


def test_broken_json_ld_costs_only_itself() -> None:
    read = page(
        '<script type="application/ld+json">{oh no</script>'
        '<script type="application/ld+json">{"a": "cut \\ud83d", "b": NaN}</script>'
    )
    assert read.json_ld == [{"a": "cut \ufffd", "b": None}]


@pytest.mark.parametrize("comma", ["", ","])
def test_numbers_of_any_length_in_json_ld_cost_no_record(comma: str) -> None:
    numbers = f"[1, -9223372036854775808, 18446744073709551615, 18446744073709551616, {'9' * 5000}{comma}]"
    (thing,) = page(f'<script type="application/ld+json">{{"a": {numbers}}}</script>').json_ld

    assert thing["a"] == [1, -(2**63), 2**64 - 1, 18446744073709551616.0, float("inf")]
    assert b"18446744073709551615" in orjson.dumps(thing)


def test_deep_json_ld_is_survived() -> None:
    nested = "[" * 100_000 + "]" * 100_000
    assert page(f'<script type="application/ld+json">{nested}</script>').json_ld == []


def test_robots_rules_of_header_and_meta_add_up() -> None:
    read = page("<meta name=ROBOTS content='NoFollow'>", **{"x-robots-tag": "noindex"})
    assert (read.robots.noindex, read.robots.nofollow) == (True, True)
    assert page("<meta name=robots content=none>").robots.nofollow


@pytest.mark.parametrize(
    ("header", "noindex", "nofollow"),
    [
        ("googlebot: noindex, nofollow", False, False),
        ("googlebot: noindex, trawl: nofollow", False, True),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST, noindex", True, False),
        ("*: none", True, True),
        ("max-snippet: 20, nofollow", False, True),
        ("unavailable_after: Wed, 25 Jun 2030 15:00:00 PST, noindex", True, False),
        ("googlebot: noindex\nnofollow", False, True),
        ("trawl: nofollow\nnoindex", True, True),
        ("Trawl: None", True, True),
        ("noindexed, nofollow-me", False, False),
    ],
)
def test_robots_header_counts_only_what_is_meant_for_us(header: str, noindex: bool, nofollow: bool) -> None:
    rules = page("", **{"x-robots-tag": header}).robots
    assert (rules.noindex, rules.nofollow) == (noindex, nofollow)


def test_xml_with_a_doctype_is_refused_by_every_tree() -> None:
    bomb = "<?xml version='1.0'?><!-- x --><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"
    with pytest.raises(DoctypeRefused):
        _ = page(bomb, content_type="text/xml").lxml
    with pytest.raises(DoctypeRefused):
        _ = page(bomb, content_type="text/xml").soup


def test_xhtml_is_read_as_html() -> None:
    xhtml = (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
        "<head><title>T</title></head><body><a href='x'>é</a></body></html>"
    )
    read = page(xhtml, content_type="application/xhtml+xml")
    assert read.xpath("//a/@href") == ["x"]
    assert read.soup.a is not None
    assert read.title == "T"


def test_too_deep_html_is_whole_for_selectolax_and_marked_for_lxml() -> None:
    read = page("<div>" * 5000 + "<a href=x>deep</a>")
    assert read.css("a")[0].text() == "deep"
    assert not read.parse_truncated
    assert read.xpath("//a") == []
    assert read.parse_truncated


def test_empty_body_has_empty_views() -> None:
    read = page(b"")
    assert (read.title, read.css("p"), read.xpath("//p"), read.json_ld) == (None, [], [], [])
    assert read.soup.find("p") is None


def test_soup_of_words_alone_does_not_warn() -> None:
    assert page("index.html").soup.get_text() == "index.html"


def test_binary_body_has_no_html_facts() -> None:
    read = page(b"\x89PNG\x00<title>x</title>", content_type="image/png")
    assert (read.is_text, read.title, read.metas, read.language) == (False, None, (), None)


@pytest.mark.parametrize(
    ("header", "body", "canonical"),
    [
        ('</a>; rel="canonical"', "", "https://shop.test/a"),
        ("<https://other.test/a>; title=x; rel=canonical", "", "https://other.test/a"),
        ('</b>; rel="next", </a>; rel="alternate canonical"', "", "https://shop.test/a"),
        ('</a>; rel="next"', "", None),
        ('</a>; rel="canonical"; anchor="/x"', "", None),
        ('</a>; rel="canonical"\n</b>; rel="canonical"', "", None),
        ('</a>; rel="canonical"', "<link rel=canonical href=/a>", "https://shop.test/a"),
        ('</a>; rel="canonical"', "<link rel=canonical href=/b>", None),
        ("", "<link rel=canonical href=/a><link rel=canonical href=/b>", None),
        ("", "<link rel=canonical href='javascript:1'>", None),
        ("<" * 5_000 + ">" * 5_000, "", None),
    ],
)
def test_page_is_known_by_the_one_url_that_it_names(header: str, body: str, canonical: str | None) -> None:
    named = Page(
        url="https://shop.test/x?y=1",
        body=body.encode(),
        headers={"content-type": "text/html", "link": header},
    )
    assert named.canonical == canonical


def test_links_of_a_page_that_is_nested_deep_are_found_at_any_depth() -> None:
    deep = "<div>" * 5_000 + '<a href="/deep">x</a>'
    found = Page(url="https://a.test/", body=deep.encode(), headers={"content-type": "text/html"})
    assert [link.url for link in links(found)] == ["https://a.test/deep"]


@pytest.mark.parametrize(
    "body",
    [
        f"<p title='{'x' * 19_000_000}'>x</p>",
        f"<p>{'x' * 19_000_000}</p><a href='/after'>x</a>",
        "<a " + " ".join(f"a{number}=1" for number in range(5_000)) + ">x</a>",
        "<!-- " + "-" * 19_000_000,
        "<" * 5_000_000,
        "&amp" * 4_000_000,
    ],
    ids=["attribute", "text", "attributes", "comment", "brackets", "entities"],
)
def test_giant_page_is_read_like_any_other(body: str) -> None:
    found = Page(url="https://a.test/", body=body.encode(), headers={"content-type": "text/html"})
    given = [link.url for link in links(found)]
    assert given == (["https://a.test/after"] if "/after" in body else [])
    assert found.title is None
