"""The link to the next page of a list: as the page says it, by the usual words, or by page numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from scrapers.suggesting import classes, outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.page import Page
    from scrapers.suggesting.outline import Element, Outline

_MOST_LINKS: Final = 3_000
_WORDS = frozenset(
    {
        "next", "next page", "older", "older posts", "older entries", "more results", "weiter",
        "nächste", "nächste seite", "suivant", "suivante", "page suivante", "siguiente",
        "página siguiente", "próximo", "próxima", "seguinte", "próxima página", "successivo",
        "successiva", "avanti", "pagina successiva", "volgende", "volgende pagina", "następna",
        "następny", "dalej", "další", "ďalšia", "ďalší", "následující", "nästa", "nästa sida",
        "neste", "næste", "seuraava", "következő", "următoarea", "sonraki", "ileri", "далее",
        "следующая", "вперёд", "вперед", "наступна", "далі", "次へ", "次のページ", "次", "下一页", "下一頁",
        "下页", "다음", "التالي", "הבא", "επόμενη",
    }
)  # fmt: skip
_ARROWS = frozenset({"›", "»", "→", ">", ">>", "❯", "⟩", "▶", "►"})
_AROUND_WORDS = " \t›»→>❯⟩▶►…."
_PAGERS = frozenset({"pagination", "pager", "paging", "pages", "paginator", "nav", "navigation", "pagelinks"})
_NUMBER = re.compile(
    r"([?&](?:page|p|pg|paged|seite|pagina|strana|str|pageno|page_number)=|/(?:page|p|seite|strana)[/-])"
    r"(\d{1,6})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextPage:
    """Where the list goes on. `selector` finds the link, and is empty where only its URL says what it is."""

    url: str
    selector: str
    because: Literal["rel", "words", "numbers", "body"]

    @property
    def options(self) -> dict[str, str]:
        """Return what lets the scraper `fields` read a list to its end; nothing where CSS cannot."""
        return {} if not self.selector or self.selector.startswith("xpath:") else {"next": self.selector}


def of_page(page: Page, found: Outline) -> NextPage | None:
    """Return the link to the next page; None where there seems to be none."""
    return _by_rel(page) or _by_words(page, found) or _by_numbers(page, found)


def _by_rel(page: Page) -> NextPage | None:
    for tag in ("a", "link"):
        for node in page.elements.linking:
            attributes = node.attributes
            if node.tag != tag or "next" not in (attributes.get("rel") or "").lower().split():
                continue
            url = page.absolute(attributes.get("href") or "")
            if url is not None and url != page.url:
                return NextPage(url=url, selector=f'{tag}[rel~="next"]', because="rel")
    return None


def _by_words(page: Page, found: Outline) -> NextPage | None:
    for element in _links(found):
        if not _says_next(element):
            continue
        url = page.absolute(element.said("href"))
        if url is not None and url.partition("#")[0] != page.url.partition("#")[0]:
            return NextPage(url=url, selector=_selector(page, found, element), because="words")
    return None


def _links(found: Outline) -> Iterator[Element]:
    seen = 0
    for element in found.elements:
        if element.tag == "a" and element.said("href") not in {"", "#"}:
            seen += 1
            if seen > _MOST_LINKS:
                return
            yield element


def _says_next(element: Element) -> bool:
    text = outline.text(element).strip().lower()
    said = {text.strip(_AROUND_WORDS), element.said("aria-label").lower(), element.said("title").lower()}
    if said & _WORDS:
        return True
    named = [
        *element.said("class").split(),
        *(element.parent.said("class").split() if element.parent else ()),
    ]
    is_next = any("next" in classes.words(name) for name in named[: classes.MOST_CLASSES])
    return _is_in_pager(element) and (is_next or text in _ARROWS)


def _is_in_pager(element: Element) -> bool:
    for around in (element, *element.ancestors()):
        named = f"{around.said('class')[:200]} {around.said('id')[:60]} {around.said('aria-label')[:60]}"
        if around.tag == "nav" or set(classes.words(named)) & _PAGERS:
            return True
    return False


def _selector(page: Page, found: Outline, element: Element) -> str:
    """Return the shortest selector whose first match on the page is `element`."""
    for selector in _selectors(element):
        first = page.tree.css_first(selector)
        if first is not None and found.by_id.get(first.mem_id) is element:
            return selector
    text = outline.text(element)
    return f'xpath://a[normalize-space()="{text}"]' if '"' not in text and len(text) <= 40 else ""


def _selectors(element: Element) -> Iterator[str]:
    if classes.can_select(element.said("id")):
        yield f"a#{element.said('id')}"
    for name in element.classes:
        if "next" in classes.words(name):
            yield f"a.{name}"
    for attribute in ("aria-label", "title"):
        value = element.said(attribute)
        if value and re.fullmatch(r"[\w -]{1,40}", value):
            yield f'a[{attribute}="{value}"]'
    if element.parent is not None:
        for name in element.parent.classes:
            if "next" in classes.words(name):
                yield f".{name} > a"


def _by_numbers(page: Page, found: Outline) -> NextPage | None:
    """Return the link whose URL is this page's with a number that is higher by one."""
    here = _NUMBER.search(page.url)
    number = int(here.group(2)) if here else 1
    for element in _links(found):
        href = element.said("href")
        there = _NUMBER.search(href)
        if there is None or int(there.group(2)) != number + 1:
            continue
        if outline.text(element).strip() != str(number + 1) and not _is_in_pager(element):
            continue
        url = page.absolute(href)
        if url is not None and url.partition("?")[0].startswith(_stem(page.url)):
            return NextPage(url=url, selector="", because="numbers")
    return None


def _stem(url: str) -> str:
    """Return what the URLs of all pages of a list begin with."""
    return _NUMBER.split(url.partition("?")[0])[0]
