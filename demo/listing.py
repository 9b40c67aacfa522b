"""The demo shop's lists as JSON, as shops have them for their own scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from demo import relaid
from demo.catalogue import CURRENCY

if TYPE_CHECKING:
    from demo.catalogue import Category


def path(category: Category, number: int = 1) -> str:
    """Return where page `number` of a category's list is."""
    return f"{category.path}products.json" + (f"?page={number}" if number > 1 else "")


def body(category: Category, number: int, *, base: str, layout: str = "1") -> bytes:
    """Return a page of a category's products, with the address of the next, in one of the layouts."""
    following = base + path(category, number + 1) if number < category.pages else None
    said = _listed(category, number, base) if layout == "1" else relaid.listed(category, number, base)
    return json.dumps({**said, "links": {"next": following}}, ensure_ascii=False, indent=1).encode()


def _listed(category: Category, number: int, base: str) -> dict[str, object]:
    items = [
        {
            "sku": shown.sku,
            "name": shown.name,
            "price": {"amount": float(shown.price), "currency": CURRENCY},
            "in_stock": shown.in_stock,
            "url": base + shown.path,
        }
        for shown in category.page(number)
    ]
    return {"department": category.name, "items": items}
