"""How a list goes on: by a link to its next page, or by the number in its URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scrapers.fields.types import Kind
from scrapers.links import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scrapers.fields.scopes import Scope
    from scrapers.fields.selectors import Selector
    from scrapers.page import Page

    Selecting = Callable[[object, str], Selector | None]
    Wrong = Callable[[str, str], None]

OPTIONS: Final = ("next", "pages")
MOST_PAGES: Final = 10_000
MAX_CHARACTERS: Final = 200
PLACE: Final = r"^[^\s{}]{2,}\{n(?:\+[1-9][0-9]{0,3})?\}[^\s{}]*(?![\s\S])"
"""What `pages` looks like: something before the number, which is one higher on the next page, or so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """The number in the URLs of a list's pages, and by how much it grows."""

    find: re.Pattern[str]
    step: int = 1

    def after(self, url: str) -> str | None:
        """Return the URL of the page after `url`; None where that has no number, or is the last one."""
        found = self.find.search(url)
        if found is None:
            return None
        number = int(found[1]) + self.step
        if number > MOST_PAGES * self.step:
            return None
        return f"{url[: found.start(1)]}{number}{url[found.end(1) :]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How the next page of a list is found: at most one of the two is there."""

    next: Selector | None = None
    numbered: Numbered | None = None

    def links(self, page: Page, scope: Scope, *, gave: bool) -> Iterator[Link]:
        """Yield the link to the page after `page`, `gave` telling whether that had records."""
        if self.next is not None:
            read = (match.read(None, Kind.URL) for match in scope.select(self.next))
            urls = (page.absolute(text) for text in read if isinstance(text, str) and text.strip())
            url = next((url for url in urls if url is not None), None)
        elif self.numbered is not None and gave:
            url = self.numbered.after(page.url)
        else:
            url = None
        if url is not None:
            yield Link(url=url.partition("#")[0], continues=True)


def read_paging(options: object, selecting: Selecting, wrong: Wrong) -> Paging | None:
    """Return how lists go on, None where nothing says so; `wrong` is told the path and reason of mistakes."""
    if options is None:
        return None
    if not isinstance(options, Mapping):
        wrong("options", "must be an object")
        return None
    for key in options:
        if key not in OPTIONS:
            wrong(f"options.{key}", f"is unknown; known are {', '.join(OPTIONS)}")
    if "next" in options and "pages" in options:
        wrong("options.pages", "does not go with next; one of them finds the next page")
    selector = selecting(options["next"], "options.next") if "next" in options else None
    numbered = _numbered(options["pages"], wrong) if "pages" in options else None
    return Paging(next=selector, numbered=numbered) if selector or numbered else None


def _numbered(said: object, wrong: Wrong) -> Numbered | None:
    if not isinstance(said, str) or len(said) > MAX_CHARACTERS or not re.search(PLACE, said):
        wrong(
            "options.pages", "must be part of a URL with {n} for the number, such as ?page={n} or /page/{n}/"
        )
        return None
    before, _, rest = said.partition("{n")
    step, _, after = rest.partition("}")
    sign = r"[?&]" if before[0] in "?&" else re.escape(before[0])
    pattern = f"{sign}{re.escape(before[1:])}([0-9]{{1,9}})(?![0-9]){re.escape(after)}"
    return Numbered(find=re.compile(pattern), step=int(step.lstrip("+") or 1))
