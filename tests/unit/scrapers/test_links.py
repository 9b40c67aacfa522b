"""Links: absolute, once, in order, and none where the page says so."""

from __future__ import annotations

import tracemalloc

from ada_url import join_url
from hypothesis import given
from hypothesis import strategies as st

from scrapers.links import Joiner, Link, links
from scrapers.page import Page

URL = "https://shop.example/a/b.html"
BASES = (
    URL,
    "https://shop.example/a/",
    "https://shop.example/a/other.html?x=/1",
    "http://x.example",
    "http://x.example/a/?q=1#f",
    "https://u:p@x.example:8080/a%20b/c;d/",
    "http://x.example/a//b/../c",
    "http://x.example//",
    "http://x.example/a\\b\\c",
)
PIECES = (
    "a",
    ".",
    "..",
    "/",
    "//",
    "?",
    "=",
    "&",
    "b1",
    "-",
    "~",
    "%2e",
    "_",
    ":",
    "é",
    " ",
    "\n",
    "+",
    "\\",
    "#",
    "\t",
    "http:",
    "https://",
)


def found(body: str, **headers: str) -> list[str]:
    page = Page(url=URL, body=body.encode(), headers={"content-type": "text/html", **headers})
    return [link.url for link in links(page)]


def test_links_come_absolute_without_fragment_once_and_in_order() -> None:
    body = "<a href='c#x'>1</a><area href='/d'><a href='c#y'>2</a><iframe src='//e.example/'></iframe>"
    assert found(body) == ["https://shop.example/a/c", "https://shop.example/d", "https://e.example/"]


def test_only_next_and_prev_of_link_elements_are_links() -> None:
    body = "<link rel=icon href=s><link rel='x NEXT' href=n><link rel=prev href=p><link rel=alternate href=f>"
    assert found(body) == ["https://shop.example/a/n", "https://shop.example/a/p"]


def test_what_is_not_http_is_no_link() -> None:
    body = "".join(
        f"<a href='{href}'>x</a>"
        for href in (
            "#top",
            "javascript:x()",
            "mailto:a@b",
            "JavaScript:x",
            "ftp://x/",
            "http://",
            "data:,x",
            "",
        )
    )
    assert found(body) == []


def test_base_href_moves_every_link() -> None:
    assert found("<base href='https://b.example/x/'><a href=y>") == ["https://b.example/x/y"]


def test_nofollow_is_a_property_of_the_link_unless_some_element_follows() -> None:
    page = Page(
        url=URL,
        body=b"<a rel='NoFollow ugc' href=/1></a><a rel=nofollow href=/2></a><a href=/2></a>",
        headers={"content-type": "text/html"},
    )
    assert links(page) == (
        Link(url="https://shop.example/1", nofollow=True),
        Link(url="https://shop.example/2", nofollow=False),
    )


def test_page_that_says_nofollow_has_no_links() -> None:
    assert found("<meta name=robots content=nofollow><a href=x>") == []
    assert found("<a href=x>", **{"x-robots-tag": "nofollow"}) == []


def test_page_that_is_not_html_has_no_links() -> None:
    assert found("<a href=x>", **{"content-type": "text/plain"}) == []


@given(st.sampled_from(BASES), st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_joining_gives_what_the_url_standard_gives(base: str, reference: str) -> None:
    reference = reference.partition("#")[0]
    try:
        expected = join_url(base, reference).partition("#")[0]
    except ValueError:
        expected = None
    if expected is not None and not expected.startswith(("http://", "https://")):
        expected = None
    assert Joiner(base).link(reference) == (Link(url=expected) if expected is not None else None)


def test_what_hangs_on_the_page_itself_is_not_taken_from_another_page_of_the_folder() -> None:
    pages = [Joiner(f"http://a.example/x/{name}") for name in ("1", "2?q")]
    for spelling in ("?p=2", " ", "http:?p=2", "\n?p=2"):
        assert len({page.link(spelling) for page in pages}) == len(pages)


def test_references_without_end_fill_no_memory() -> None:
    tracemalloc.start()
    try:
        for folder in range(2_000):
            joiner = Joiner(f"http://a.example/{folder}/")
            made = [joiner.link(f"{'../' * (number % 2)}{number}.html") for number in range(20)]
            assert [link.url.rpartition("/")[2] for link in made if link] == [f"{n}.html" for n in range(20)]
        kept, _most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 10_000_000


def test_one_spelling_leads_elsewhere_on_another_host_or_in_another_folder() -> None:
    bases = (
        "http://a.example/1/",
        "http://a.example/2/x?y=/z",
        "https://a.example/1/",
        "http://b.example/1/",
    )
    made = [Joiner(base).link(spelling) for base in bases for spelling in ("c", "/c")]
    assert [link.url for link in made if link] == [
        *("http://a.example/1/c", "http://a.example/c", "http://a.example/2/c", "http://a.example/c"),
        *("https://a.example/1/c", "https://a.example/c", "http://b.example/1/c", "http://b.example/c"),
    ]
