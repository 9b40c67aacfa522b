"""The `article` extractor: the text of a page's main content, who wrote it and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from scrapers.extractors import options
from scrapers.extractors.auto import published
from scrapers.extractors.main_text import FAVORS, MainText, cut
from scrapers.page import dates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapers.page import JSON, Page, Problem

_MOST_NAMES = 50
_LONGEST_NAME = 200
_LONGEST_LINE = 1_000
_LONGEST_TEXT_BYTES = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One item for a page that has a main content: its text and Markdown by trafilatura, and its head.

    `text` is what trafilatura itself gives for the page's source with the same options.
    """

    name: ClassVar = "article"
    libraries: ClassVar = ("trafilatura",)
    title: ClassVar = "Article"
    description: ClassVar = (
        "Title, authors, date, text and Markdown of a page's main content, without menus and the like."
    )

    favor: str = options.choice(
        *FAVORS, what="less text that is surely the article's, or more of what may be"
    )
    markdown: bool = options.flag(default=True, what="the text as Markdown, too, which takes as long again")
    tables: bool = options.flag(default=True, what="the text of tables")
    comments: bool = options.flag(default=False, what="readers' comments")
    links: bool = options.flag(default=False, what="where links lead, in the Markdown")
    images: bool = options.flag(default=False, what="images, in the Markdown")

    def parse(self, page: Page) -> Iterator[dict[str, JSON] | Problem]:
        """Yield the item of an HTML page; nothing for other content, or where there is no text."""
        if not page.is_html:
            return
        main = MainText(page)
        if main.is_empty:
            return
        if main.is_cut:
            yield main.problem
        text = main.text(favor=self.favor, tables=self.tables, comments=self.comments)
        if text:
            said: dict[str, JSON] = {
                **_head(page, main),
                "text": cut(text, most_bytes=_LONGEST_TEXT_BYTES),
                "markdown": cut(self._markdown(main), most_bytes=_LONGEST_TEXT_BYTES)
                if self.markdown
                else "",
                "word_count": len(text.split()),
            }
            yield {key: value for key, value in said.items() if value}

    def _markdown(self, main: MainText) -> str:
        return main.markdown(
            favor=self.favor,
            tables=self.tables,
            comments=self.comments,
            links=self.links,
            images=self.images,
        )


def _head(page: Page, main: MainText) -> dict[str, JSON]:
    facts = main.facts()
    image = facts.get("image")
    return {
        "title": _line(facts.get("title")) or page.title,
        "authors": _names((facts.get("author") or "").split(";")),
        "published": published(page, dict(reversed(page.metas))) or dates.iso(facts.get("date") or ""),
        "description": _line(facts.get("description")),
        "site": _line(facts.get("sitename")),
        "language": page.language,
        "image": page.absolute(image) if image else None,
        "categories": _names(facts.get("categories") or ()),
        "tags": _names(word for tag in facts.get("tags") or () for word in tag.split(",")),
    }


def _names(said: Iterable[str]) -> list[JSON]:
    names = dict.fromkeys(_line(name)[:_LONGEST_NAME] for name in said)
    found: list[JSON] = [*filter(None, names)]
    return found[:_MOST_NAMES]


def _line(said: str | None) -> str:
    # Documentation tools put a permanent link into each heading.
    return " ".join((said or "")[:_LONGEST_LINE].split()).rstrip("¶ ")
