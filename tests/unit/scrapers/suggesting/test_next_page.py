"""The link to the next page of a list, as sites of many languages and builds write it."""

from __future__ import annotations

import pytest

from scrapers.page import Page
from scrapers.suggesting import NextPage, suggest

URL = "https://site.test/list?page=3"


def next_of(html: str, *, url: str = URL) -> NextPage | None:
    body = f"<body><main>{html}</main></body>".encode()
    return suggest(Page(url=url, body=body, headers={"content-type": "text/html; charset=utf-8"})).next_page


@pytest.mark.parametrize(
    "text",
    ["Next", "next page »", "Older posts", "Weiter", "Nächste Seite ›", "Suivant", "Siguiente", "Próxima",
     "Avanti", "Volgende", "Další →", "Ďalšia", "Następna", "Nästa", "Далее", "Наступна", "次へ",
     "下一页", "다음", "التالي"],
)  # fmt: skip
def test_usual_words_are_known(text: str) -> None:
    found = next_of(f'<a href="?page=2">Previous</a> <a href="?page=4">{text}</a>')
    assert found is not None
    assert (found.url, found.because) == ("https://site.test/list?page=4", "words")
    assert found.selector == f'xpath://a[normalize-space()="{text}"]'


def test_what_the_page_says_counts_more_than_words() -> None:
    found = next_of('<a href="/help">Next</a><a rel="next nofollow" href="?page=4">4</a>')
    assert found == NextPage(url="https://site.test/list?page=4", selector='a[rel~="next"]', because="rel")


def test_class_of_a_pager_says_next_without_a_word() -> None:
    found = next_of('<ul class="pager"><li class="next"><a href="?page=4"><i></i></a></li></ul>')
    assert found == NextPage(url="https://site.test/list?page=4", selector=".next > a", because="words")


def test_arrow_counts_in_a_pager_only() -> None:
    assert next_of('<p><a href="/elsewhere">»</a></p>') is None
    assert next_of('<div class="pagination"><a href="?page=4">»</a></div>') is not None


def test_number_that_is_one_higher_is_the_next_page() -> None:
    found = next_of('<a href="?page=2">2</a><b>3</b><a href="?page=4">4</a><a href="?page=5">5</a>')
    assert found == NextPage(url="https://site.test/list?page=4", selector="", because="numbers")


def test_number_of_a_path_counts_too() -> None:
    found = next_of('<a href="/blog/page/2/">2</a>', url="https://site.test/blog/")
    assert found is not None
    assert found.url == "https://site.test/blog/page/2/"


def test_number_of_another_list_is_not_the_next_page() -> None:
    assert next_of('<a href="/other?page=4">4</a>') is None


def test_link_that_css_finds_is_an_option_of_the_declaration() -> None:
    by_rel = next_of('<a rel="next" href="?page=4">4</a>')
    by_words = next_of('<a href="?page=4">Next</a>')
    assert by_rel is not None
    assert by_rel.options == {"next": 'a[rel~="next"]'}
    assert by_words is not None
    assert by_words.options == {}


def test_last_page_has_none() -> None:
    assert next_of('<a href="?page=1">1</a><a href="?page=2">2</a><b>3</b>') is None
    assert next_of(f'<a href="{URL}#top">Next</a>') is None
