"""The demo shop's other layout: the same products under other tags and classes, as after a relaunch."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from demo.catalogue import CURRENCY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from demo.catalogue import Category, Product

LAYOUTS = ("1", "2")


def product(shown: Product) -> str:
    """Return what the page of a product says of it."""
    rows = "".join(
        f'<div class="fact"><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>'
        for name, value in shown.specs
    )
    was = f'<s class="list-price">{_euro(shown.was)}</s>' if shown.was else ""
    stock = "In stock" if shown.in_stock else "Out of stock"
    return (
        f'<section class="detail"><header><h2 class="headline">{escape(shown.name)}</h2>'
        f'<span class="article-number">Article {shown.sku}</span></header>'
        f'<div class="offer"><strong class="amount" data-unit="{CURRENCY}">{_euro(shown.price)}</strong>{was}'
        f'<em class="availability">{stock}</em></div>'
        f'<div class="story">{escape(shown.description)}</div><dl class="facts">{rows}</dl>'
        f'<a class="purchase" href="/cart/?add={shown.slug}">Buy</a></section>'
    )


def tiles(shown: Sequence[Product]) -> str:
    """Return a list of products."""
    found = "".join(
        f'<div class="tile"><a class="tile-name" href="{item.path}">{escape(item.name)}</a> '
        f'<strong class="amount">{_euro(item.price)}</strong></div>'
        for item in shown
    )
    return f'<div class="tiles">{found}</div>'


def listed(category: Category, number: int, base: str) -> dict[str, object]:
    """Return a page of a category's products as JSON: its list in another place, under other keys."""
    results = [
        {
            "article": shown.sku,
            "title": shown.name,
            "current_price": f"{shown.price:.2f} {CURRENCY}",
            "availability": {"in_stock": shown.in_stock, "in_shop": True},
            "href": base + shown.path,
        }
        for shown in category.page(number)
    ]
    return {"shelf": {"title": category.name}, "data": {"results": results}}


def form(layout: str) -> str:
    """Return the page on which the shop is relaid."""
    buttons = "".join(
        f'<button name="layout" value="{one}"{" disabled" if one == layout else ""}>Layout {one}</button> '
        for one in LAYOUTS
    )
    return (
        "<h1>Layout</h1><p>The shop has two, with the same products under other tags and classes. A scraper "
        f'that was made for one finds little in the other.</p><form method="post">{buttons}</form>'
    )


def _euro(amount: Decimal) -> str:
    return f"€ {amount:.2f}"
