"""What a page shows of a product without describing it: its OpenGraph metas, and where shops put things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scrapers.extractors.product.values import availability, currency, number, text

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from scrapers.page import JSON, Page

_MOST_CANDIDATES: Final = 100
_LONGEST: Final = 100
_PRICES: Final = '[class*="price" i],[id*="price" i],[data-price]'
_STOCKS: Final = '[class*="stock" i],[class*="availab" i],[id*="availab" i]'
_BUYING: Final = (
    'form[action*="cart" i],form[action*="basket" i],[class*="add-to-cart" i],[class*="addtocart" i],'
    '[class*="add_to_cart" i],[class*="buy" i],[id*="add-to-cart" i],[name*="add-to-cart" i]'
)
_BEFORE: Final = re.compile(
    r"(?:^|[-_ ])(?:old|was|before|list|strike\w*|crossed|rrp|msrp|uvp|regular|compare)", re.IGNORECASE
)
_ELSEWHERE: Final = frozenset({"nav", "header", "footer", "aside", "li", "tr", "a", "del", "s", "strike"})
_STRUCK: Final = frozenset({"del", "s", "strike"})
_NUMBERED: Final = re.compile(r"[A-Za-z0-9./-]*\d[A-Za-z0-9./-]*")
_HEIGHT: Final = 30


def of_metas(page: Page) -> dict[str, JSON]:
    """Return what OpenGraph says of a product; nothing of a page that is none by it."""
    metas = dict(reversed(page.metas))
    price = metas.get("product:price:amount") or metas.get("og:price:amount")
    if price is None and not metas.get("og:type", "").lower().startswith("product"):
        return {}
    amount = number(price)
    code = metas.get("product:price:currency") or metas.get("og:price:currency") or ""
    return {
        "name": text(metas.get("og:title")),
        "price": amount,
        "currency": currency(code) if amount is not None else None,
        "availability": availability(metas.get("product:availability") or metas.get("og:availability") or ""),
        "sku": text(metas.get("product:retailer_item_id")),
        "gtin": text(metas.get("product:ean") or metas.get("product:upc") or metas.get("product:isbn")),
        "brand": text(metas.get("product:brand") or metas.get("og:brand")),
        "image": page.absolute(metas.get("og:image", "")) if metas.get("og:image") else None,
        "description": text(metas.get("og:description")),
        "category": text(metas.get("product:category")),
    }


def of_layout(page: Page) -> dict[str, JSON]:
    """Return what stands where shops usually put it: a heading, a price beside it, stock, number, picture."""
    heading = page.tree.css_first("h1")
    found: dict[str, JSON] = {"name": _line(heading) if heading is not None else ""}
    found |= _price(page)
    found["availability"] = next(
        (word for node in _nodes(page, _STOCKS) if (word := availability(_line(node)))), None
    )
    found["sku"] = next((code for node in _nodes(page, '[class*="sku" i]') if (code := _code(node))), None)
    picture = page.tree.css_first("main img[src],article img[src],[class*='product' i] img[src]")
    found["image"] = page.absolute(picture.attributes.get("src") or "") if picture is not None else None
    return found


def is_sold(page: Page) -> bool:
    """Say whether the page lets a visitor buy something."""
    return page.tree.css_first(_BUYING) is not None


def _price(page: Page) -> dict[str, JSON]:
    for node in _nodes(page, _PRICES):
        said = _unstruck(node)
        amount = number(node.attributes.get("content") or node.attributes.get("data-price") or said)
        if amount is None or not any(map(str.isdigit, said)) or _is_elsewhere(node):
            continue
        code = node.attributes.get("data-currency") or said
        return {"price": amount, "currency": currency(code)}
    return {}


def _is_elsewhere(node: LexborNode | None) -> bool:
    """Say whether a price is one of before, of another product, or of the page's frame."""
    for _ in range(_HEIGHT):
        if node is None or node.tag in {"main", "article", "body"}:
            return False
        classes = node.attributes.get("class") or ""
        if node.tag in _ELSEWHERE or _BEFORE.search(classes):
            return True
        node = node.parent
    return False


def _nodes(page: Page, selector: str) -> list[LexborNode]:
    return page.css(selector)[:_MOST_CANDIDATES]


def _code(node: LexborNode) -> str | None:
    numbered = _NUMBERED.findall(_line(node))
    return numbered[-1] if numbered else None


def _unstruck(node: LexborNode) -> str:
    """Return the text of a price without those that are struck through."""
    if node.css_first("del,s,strike") is None:
        return _line(node)
    parts = [part for part in node.traverse(include_text=True) if part.tag == "-text"]
    shown = [part.text() for part in parts if part.parent is None or part.parent.tag not in _STRUCK]
    return " ".join(" ".join(shown).split())[:_LONGEST]


def _line(node: LexborNode) -> str:
    said = " ".join(node.text(separator=" ").split())
    return said if len(said) <= _LONGEST else ""
