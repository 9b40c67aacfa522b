"""Where on a page something stands: in what it is about, or in what is around that on every page."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from scrapers.suggesting import classes, outline

if TYPE_CHECKING:
    from scrapers.suggesting.outline import Element

NAVIGATION: Final = 0.12
BESIDE: Final = 0.4
PROSE: Final = 0.3
_PROSE_CHARACTERS: Final = 20
_MOST_INSIDE: Final = 30
_INLINE = frozenset({"a", "span", "q", "cite", "abbr"})
_TAGS = {"nav": NAVIGATION, "footer": NAVIGATION, "menu": NAVIGATION, "aside": BESIDE}
_ROLES = frozenset({"navigation", "contentinfo", "banner", "menu", "menubar", "tablist", "toolbar"})
_NAVIGATION = frozenset(
    {
        "nav", "navbar", "navigation", "menu", "menubar", "breadcrumb", "breadcrumbs", "crumbs", "pagination",
        "pager", "paging", "footer", "social", "share", "sharing", "cookie", "cookies", "tabs", "languages",
        "toolbar", "topbar", "facets", "filters",
    }
)  # fmt: skip
_OF_DISHES = frozenset({"menu", "menubar"})
_BESIDE = frozenset({"sidebar", "aside", "related", "recommended", "widget", "promo", "ads", "banner"})


def weight(element: Element) -> float:
    """Return what a list of which `element` is a row may be worth by its place, 1 at most."""
    around = element.parent
    prose = around is not None and element.tag in _INLINE and _is_prose(around)
    leads = element.tag == "a" or any(one.tag == "a" for one in outline.inside(element, most=_MOST_INSIDE))
    return min((_of(one, leads=leads) for one in element.ancestors()), default=1.0) * (
        PROSE if prose else 1.0
    )


def _is_prose(element: Element) -> bool:
    """Whether what `element` holds stands in sentences: much text around it."""
    own = element.own_length
    return own >= _PROSE_CHARACTERS and own >= element.length / 4


def _of(element: Element, *, leads: bool) -> float:
    if element.said("role").lower() in _ROLES or (element.tag == "header" and _is_of_page(element)):
        return NAVIGATION
    named = " ".join((*element.said("class").split()[: classes.MOST_CLASSES], element.said("id")[:60]))
    return min(_TAGS.get(element.tag, 1.0), _by_name(named, leads=leads))


def of_names(named: str) -> float:
    """Return what something may be worth by the words that name its place, 1 at most."""
    return _by_name(named, leads=True)


def _is_of_page(header: Element) -> bool:
    return not any(around.tag in {"main", "article", "section"} for around in header.ancestors())


@lru_cache(maxsize=2048)
def _by_name(named: str, *, leads: bool) -> float:
    """Return what a place of that name makes a list worth; a menu that leads nowhere is one of dishes."""
    found = set(classes.words(named)) - (set() if leads else _OF_DISHES)
    return NAVIGATION if found & _NAVIGATION else BESIDE if found & _BESIDE else 1.0
