"""The `markdown` extractor: a page as clean Markdown, for language models and people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from scrapers.extractors import options
from scrapers.extractors.main_text import MainText, cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.page import JSON, Page, Problem

LEAST_CHARACTERS: Final = 200
"""A main content shorter than this is most likely a menu or a notice: then the whole page is taken."""

LONGEST_BYTES: Final = 800_000

CHARACTERS_A_TOKEN: Final = 4
"""Of text in Latin letters; what is beyond Latin-1 has about one token for each character."""

_BLANK_LINES: Final = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Markdown:
    """One item a page: the Markdown of its main content or of all of it, and about how many tokens it has."""

    name: ClassVar = "markdown"
    libraries: ClassVar = ("trafilatura", "markdownify")
    title: ClassVar = "Markdown"
    description: ClassVar = (
        "Clean Markdown of a page's main content, for language models, and about how many tokens it has."
    )

    content: str = options.choice(
        "main", "page", what="the main content where there is one, or the whole page"
    )
    links: bool = options.flag(default=True, what="where links lead")
    images: bool = options.flag(default=False, what="images")
    tables: bool = options.flag(default=True, what="tables of the main content")

    def parse(self, page: Page) -> Iterator[dict[str, JSON] | Problem]:
        """Yield the item of a page of HTML, or of text; nothing for other content, or without any text."""
        if not page.is_html:
            if page.content_type in {"text/plain", "text/markdown"}:
                yield from _item(page, page.text, content="page")
            return
        main = MainText(page)
        if main.is_cut:
            yield main.problem
        found = self._main(main) if self.content == "main" and not main.is_empty else ""
        if len(found) >= LEAST_CHARACTERS:
            yield from _item(page, found, content="main")
        else:
            whole = _whole(page, links=self.links, images=self.images)
            yield from _item(page, whole or found, content="page" if whole else "main")

    def _main(self, main: MainText) -> str:
        return main.markdown(
            favor="balance",
            tables=self.tables,
            comments=False,
            links=self.links,
            images=self.images,
        )


def approximate_tokens(text: str) -> int:
    """Return about how many tokens `text` has for a language model; models differ by a third."""
    latin = len(text.encode("latin-1", "ignore"))
    return -(-latin // CHARACTERS_A_TOKEN) + len(text) - latin


def _item(page: Page, markdown: str, *, content: str) -> Iterator[dict[str, JSON]]:
    markdown = _BLANK_LINES.sub("\n\n", cut(markdown, most_bytes=LONGEST_BYTES)).strip()
    if not markdown:
        return
    said: dict[str, JSON] = {
        "title": page.title,
        "language": page.language,
        "markdown": markdown,
        "content": content,
        "word_count": len(markdown.split()),
        "approximate_tokens": approximate_tokens(markdown),
    }
    yield {key: value for key, value in said.items() if value is not None}


def _whole(page: Page, *, links: bool, images: bool) -> str:
    from scrapers.extractors import whole_page

    return whole_page.convert(page, links=links, images=images)
