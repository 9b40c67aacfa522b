"""The `product` extractor: what a shop's page says of what it sells, and which part of it said so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from scrapers.extractors import options
from scrapers.extractors.product import hints, things

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scrapers.page import JSON, Page

Facts = dict[str, "JSON"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One item for a product's page, or one for each product that a list describes.

    Asked in order: JSON-LD, microdata, OpenGraph, and the page's layout. The first that knows a fact
    gives it, and `sources` names it. A page that only looks like a product's counts as one where its
    heading has a price and something to buy it by.
    """

    name: ClassVar = "product"
    title: ClassVar = "Product"
    description: ClassVar = (
        "Name, price, currency, availability, numbers, brand, image and rating of what a shop sells."
    )

    layout: bool = options.flag(default=True, what="also what only the page's layout shows")

    def parse(self, page: Page) -> Iterator[dict[str, JSON]]:
        """Yield the products of an HTML page; nothing for other content."""
        if not page.is_html:
            return
        linked = [things.facts(thing, page) for thing in things.products(page.json_ld)]
        marked = [things.facts(thing, page) for thing in things.products(page.microdata)]
        if len(linked) > 1 or (not linked and len(marked) > 1):
            source = "json_ld" if linked else "microdata"
            yield from filter(None, (_merged({source: facts}) for facts in linked or marked))
            return
        said = {"json_ld": linked[0] if linked else {}, "microdata": _same(marked, linked)}
        said["open_graph"] = hints.of_metas(page)
        is_told = any(facts.get("name") for facts in said.values())
        if self.layout:
            said["layout"] = hints.of_layout(page)
        if is_told or (self.layout and said["layout"].get("price") is not None and hints.is_sold(page)):
            yield from filter(None, [_merged(said)])


def _same(marked: list[Facts], linked: list[Facts]) -> Facts:
    """Return the microdata of the page's own product: the only one, or the one of the same name."""
    if len(marked) == 1 and not linked:
        return marked[0]
    name = linked[0].get("name") if linked else None
    return next((facts for facts in marked if facts.get("name") == name), {})


def _merged(said: Mapping[str, Facts]) -> dict[str, JSON] | None:
    """Return the facts with who said each; None where nobody knows a name. A price brings its currency."""
    found: dict[str, JSON] = {}
    sources: dict[str, JSON] = {}
    for source, facts in said.items():
        knows_price = "price" in found
        for key, value in facts.items():
            if key in found or value in (None, "") or (knows_price and key in _OF_A_PRICE):
                continue
            found[key] = value
            sources[key] = source
    if "name" not in found:
        return None
    ordered = {key: found[key] for key in _KEYS if key in found}
    return {**ordered, "sources": {key: sources[key] for key in ordered}}


_OF_A_PRICE = frozenset({"price", "price_high", "list_price"})
_KEYS = (
    "name", "price", "price_high", "list_price", "currency", "availability", "sku", "gtin", "mpn", "brand",
    "category", "image", "url", "rating", "description",
)  # fmt: skip
