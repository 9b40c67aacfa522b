"""The main content of a page as trafilatura finds it: what `article` and `markdown` are made of."""

from __future__ import annotations

import logging
import re
from copy import copy
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from scrapers.extractors import paragraphs
from scrapers.extractors.faults import FAULTS
from scrapers.page import Problem

if TYPE_CHECKING:
    from types import ModuleType

    from scrapers.page import Page

MOST_CHARACTERS: Final = 1_000_000
MOST_TAGS: Final = 35_000
"""As much of a page is read. Trafilatura takes some 25 µs for a tag, at worst 100, for each form of text."""

_BLANK_LINES: Final = re.compile(r"\n{3,}")
_FACTS: Final = ("title", "author", "date", "description", "sitename", "image", "categories", "tags")
_PERMANENT: Final = frozenset({"¶", "#", "§", "🔗"})
FAVORS: Final = ("balance", "precision", "recall")
# Without a search of the text, and without a bound that depends on today: a page always reads the same.
_DATES: Final = {"original_date": True, "extensive_search": False, "max_date": "2100-01-01"}


class MainText:
    """The source of one HTML page, parsed once for all that is asked of it.

    Trafilatura is given text and no address, so it fetches nothing; what it does to its tree it does to a
    copy. Of long lists it is asked for its own result alone, not to compare it with that of jusText.
    """

    def __init__(self, page: Page) -> None:
        source = beginning(page.parsed_text)
        self.is_cut = len(source) < len(page.parsed_text)
        self._page = page
        self._is_long_list = paragraphs.are_too_many(source)
        self._tree = _trafilatura().load_html(source) if source.strip() else None

    @property
    def is_empty(self) -> bool:
        return self._tree is None

    @property
    def problem(self) -> Problem:
        """What to say of a page that is cut."""
        message = f"only the first {MOST_CHARACTERS:,} characters or {MOST_TAGS:,} tags of the page are read"
        return Problem(code="page_too_long", message=message)

    def text(self, *, favor: str, **include: bool) -> str:
        """Return the main content as plain text, as trafilatura gives it; empty where there is none."""
        return self._extract(self._tree, "txt", favor, include)

    def markdown(self, *, favor: str, **include: bool) -> str:
        """Return the main content as Markdown with absolute URLs; empty where there is none."""
        return _BLANK_LINES.sub("\n\n", self._extract(self._linking, "markdown", favor, include))

    @cached_property
    def _linking(self) -> Any:
        """The tree with absolute URLs; links within the page are none, and marks of permanent links go."""
        tree: Any = copy(self._tree)
        for anchor in list(tree.iter("a")):
            reference = anchor.get("href") or ""
            if not reference.startswith("#"):
                anchor.set("href", self._page.absolute(reference) or "")
            elif anchor.text in _PERMANENT and not len(anchor):
                anchor.drop_tree()
            else:
                anchor.drop_tag()
        return tree

    def _extract(self, tree: Any, form: str, favor: str, include: dict[str, bool]) -> str:
        library = _trafilatura()
        try:
            found = library.extract(
                tree,
                url=self._page.url,
                output_format=form,
                fast=self._is_long_list,
                favor_precision=favor == "precision",
                favor_recall=favor == "recall",
                **{f"include_{name}": wanted for name, wanted in include.items()},
            )
        finally:
            # These keep a thousand texts of any length each, for a page that is read already.
            library.utils.trim.cache_clear()
            library.utils.line_processing.cache_clear()
        return found or ""

    def facts(self) -> dict[str, Any]:
        """Return what the page says of its article: title, author, date, site, image, tags.

        Nothing where the library fails on it: it asserts what not every page has.
        """
        library = _trafilatura()
        try:
            found = library.extract_metadata(self._tree, default_url=self._page.url, date_config={**_DATES})
        except FAULTS:
            return {}
        return {name: getattr(found, name) for name in _FACTS}


@cache
def _trafilatura() -> ModuleType:
    """Return the library, which takes half a second to load and logs what it makes of pages."""
    import trafilatura
    import trafilatura.utils

    for name in ("trafilatura", "htmldate", "courlan", "justext", "charset_normalizer"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return trafilatura


def beginning(source: str) -> str:
    """Return as much of HTML as is read."""
    source = source[:MOST_CHARACTERS]
    if source.count("<") <= MOST_TAGS:
        return source
    end = -1
    for _ in range(MOST_TAGS + 1):
        end = source.find("<", end + 1)
    return source[:end]


def cut(text: str, *, most_bytes: int) -> str:
    """Return as much of `text` as has `most_bytes` in UTF-8."""
    return (
        text
        if len(text) * 4 <= most_bytes
        else text.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")
    )
