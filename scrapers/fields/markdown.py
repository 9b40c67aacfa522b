"""The markup inside an element as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scrapers.fields.types import BadValue
from scrapers.page import Page

if TYPE_CHECKING:
    from scrapers.page import JSON

MAX_CHARACTERS: Final = 512 * 1024
_HTML: Final = {"content-type": "text/html; charset=utf-8"}
_NOT_SHOWN: Final = ("script", "style", "template", "noscript")


def markdown_of(markup: JSON, *, page: Page) -> JSON:
    """Return markup as Markdown with absolute links; raises BadValue where there is too much of it."""
    # Imported here: it takes 100 ms to load, and most declarations ask for no Markdown.
    from markdownify import ATX, MarkdownConverter

    source = str(markup)
    if len(source) > MAX_CHARACTERS:
        raise BadValue(f"more than {MAX_CHARACTERS:,} characters of markup are not made Markdown")
    try:
        soup = Page(url=page.url, body=source.encode("utf-8", "replace"), headers=_HTML).soup
        for hidden in soup(_NOT_SHOWN):
            hidden.decompose()
        for cell in soup.find_all(colspan=True):
            del cell["colspan"]  # each column would be written: one cell can say a thousand of them
        for name in ("href", "src"):
            for element in soup.select(f"[{name}]"):
                element[name] = page.absolute(str(element[name])) or element[name]
        return str(MarkdownConverter(heading_style=ATX).convert_soup(soup)).strip()
    except RecursionError:
        raise BadValue("markup that is nested so deep is not made Markdown") from None
