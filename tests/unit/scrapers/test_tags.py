"""Tags with too many attributes: a tree of them would take minutes, and its parser cannot be interrupted."""

from __future__ import annotations

import pytest

from scrapers.page import Page
from scrapers.page.tags import LOOKED_INTO_CHARACTERS, MOST, bounded

MANY = " ".join(f"a{number:05}=1" for number in range(2 * MOST))
FILLING = "x" * LOOKED_INTO_CHARACTERS


@pytest.mark.parametrize("begins", ["<p ", "<P\n", "<img src='>' ", '<a href = ">" title=">"/', "<p =x "])
def test_tag_has_its_first_attributes_and_what_follows_stays(begins: str) -> None:
    left = bounded(f"{FILLING}<i>{begins}{MANY}>text<b>bold</b>")
    assert left.startswith(f"{FILLING}<i>{begins}a00000=1 a00001=1")
    assert left.endswith(">text<b>bold</b>")
    assert MOST - 3 < left.count("=1") <= MOST


@pytest.mark.parametrize(
    "text",
    [
        f"{FILLING}<p>{MANY}</p>",
        f"<script>{MANY}{FILLING}</script>",
        f"<img src='data:{'A/b+' * MOST * 8}' alt=x>",
        f"<p title='{MANY}{FILLING}'>x",
        f"<p {MANY[:1_000]}>{FILLING}",
        f"<p {MANY}>",
    ],
)
def test_long_texts_values_and_scripts_and_short_pages_stay_as_they_are(text: str) -> None:
    assert bounded(text) == text


@pytest.mark.parametrize("part", ["/a", "a = ", "='", '="', "a='\"", " ", "= "])
def test_whatever_a_tag_is_made_of_is_looked_into_once(part: str) -> None:
    assert len(bounded(f"<p {part * LOOKED_INTO_CHARACTERS}")) > 0


def test_every_tree_of_a_page_is_made_of_what_is_left() -> None:
    source = f"<title>T</title><p {MANY}>x</p>{FILLING}"
    page = Page(url="https://a.test/", body=source.encode(), headers={"content-type": "text/html"})

    node, soup = page.tree.css_first("p"), page.soup.p
    assert node is not None
    assert soup is not None
    assert {len(node.attributes), len(page.lxml.findall(".//p")[0].attrib), len(soup.attrs)} == {MOST}
    assert page.text == source
