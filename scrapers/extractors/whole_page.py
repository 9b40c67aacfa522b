"""A whole page as Markdown, by markdownify, which takes BeautifulSoup with it: imported when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markdownify import ATX, MarkdownConverter

from scrapers.extractors.main_text import beginning

if TYPE_CHECKING:
    from scrapers.page import Page


class _Converter(MarkdownConverter):
    """Writes absolute URLs; of links within the page only the text."""

    def __init__(self, page: Page, *, left_out: list[str]) -> None:
        super().__init__(heading_style=ATX, strip=left_out, bs4_options="lxml")
        self._page = page

    def convert_soup(self, soup: Any) -> str:
        for cell in soup.find_all(colspan=True):
            del cell["colspan"]  # each column would be written, and a thousand in each cell are a bomb
        return str(super().convert_soup(soup))

    def convert_a(self, element: Any, text: str, parent_tags: set[str]) -> str:
        reference = element.get("href") or ""
        url = None if reference.startswith("#") else self._page.absolute(reference)
        if url is None:
            return text
        element["href"] = url
        return str(super().convert_a(element, text, parent_tags))  # type: ignore[misc]

    def convert_img(self, element: Any, text: str, parent_tags: set[str]) -> str:
        element["src"] = self._page.absolute(element.get("src") or "") or ""
        if not element["src"]:
            return ""
        return str(super().convert_img(element, text, parent_tags))  # type: ignore[misc]


def convert(page: Page, *, links: bool, images: bool) -> str:
    """Return all of a page's body as Markdown; as plain text where it is nested too deep."""
    body = page.tree.body
    if body is None:
        return ""
    left_out = ["a"] * (not links) + ["img"] * (not images)
    try:
        # A soup of its own: the page's is of all of it, however long, and others read it.
        return str(_Converter(page, left_out=left_out).convert(beginning(body.html or "")))
    except RecursionError:
        return body.text(separator="\n")
