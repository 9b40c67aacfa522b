"""Products as JSON-LD and microdata describe them, in the words of schema.org."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scrapers.extractors.product.values import availability, currency, number, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapers.page import JSON, Page

    Thing = dict[str, JSON]

MOST_PRODUCTS: Final = 1_000
_MOST_THINGS: Final = 10_000
_PRODUCTS: Final = frozenset({"product", "productgroup", "productmodel", "individualproduct", "someproducts"})
_WITHIN: Final = ("mainEntity", "mainEntityOfPage", "itemListElement", "item", "about")
_GTINS: Final = ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "isbn")
_NOT_THE_PRICE: Final = ("listprice", "srp", "msrp", "strikethroughprice")


def products(things: Iterable[Thing]) -> list[Thing]:
    """Return the products among `things`, those within pages and lists too, in order."""
    found: list[Thing] = []
    waiting: list[JSON] = [*things]
    waiting.reverse()
    for _ in range(_MOST_THINGS):
        if not waiting or len(found) >= MOST_PRODUCTS:
            break
        thing = waiting.pop()
        if isinstance(thing, list):
            waiting += reversed(thing)
        elif isinstance(thing, dict):
            if _types(thing) & _PRODUCTS:
                found.append(thing)
            else:
                waiting += [thing[key] for key in reversed(_WITHIN) if key in thing]
    return found


def facts(thing: Thing, page: Page) -> Thing:
    """Return what a product says of itself; empty values where it says nothing."""
    offers = list(_offers(thing))
    return {
        "name": text(thing.get("name")),
        **_price(offers),
        "availability": _availability(offers),
        "sku": text(thing.get("sku")) or _first(text(offer.get("sku")) for offer in offers),
        "gtin": _first(text(source.get(key)) for source in (thing, *offers) for key in _GTINS),
        "mpn": text(thing.get("mpn")),
        "brand": text(thing.get("brand")) or text(thing.get("manufacturer")),
        "image": _image(thing.get("image"), page),
        "description": text(thing.get("description")),
        "category": text(thing.get("category")),
        "rating": _rating(thing.get("aggregateRating")),
        "url": page.absolute(text(thing.get("url"))) if text(thing.get("url")) else None,
    }


def _types(thing: Thing) -> set[str]:
    said = thing.get("@type")
    names = said if isinstance(said, list) else [said]
    return {name.rpartition("/")[2].rpartition(":")[2].lower() for name in names if isinstance(name, str)}


def _objects(value: JSON) -> list[Thing]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values[:MOST_PRODUCTS] if isinstance(one, dict)]


def _offers(thing: Thing) -> Iterator[Thing]:
    """Yield the offers of a product and of its variants; one that sums others up before those."""
    for holder in (thing, *_objects(thing.get("hasVariant"))):
        for offer in _objects(holder.get("offers")):
            yield offer
            yield from _objects(offer.get("offers"))


def _price(offers: list[Thing]) -> Thing:
    """Return the lowest price with its currency, the highest where they differ, and what it was before."""
    priced = [(amount, offer) for offer in offers for amount in _amounts(offer)]
    if not priced:
        return {}
    lowest, offer = min(priced, key=lambda pair: pair[0])
    highest = max(amount for amount, _offer in priced)
    return {
        "price": lowest,
        "price_high": highest if highest > lowest else None,
        "list_price": _first(_specified(offer, listed=True)),
        "currency": _first(map(currency, _currencies(offer))),
    }


def _amounts(offer: Thing) -> Iterator[float | int]:
    said = [number(offer.get(key)) for key in ("price", "lowPrice", "highPrice")]
    yield from (amount for amount in said if amount is not None)
    if not any(amount is not None for amount in said):
        yield from _specified(offer, listed=False)


def _specified(offer: Thing, *, listed: bool) -> Iterator[float | int]:
    for specification in _objects(offer.get("priceSpecification")):
        kind = text(specification.get("priceType")).rpartition("/")[2].lower()
        amount = number(specification.get("price"))
        if amount is not None and (kind in _NOT_THE_PRICE) is listed:
            yield amount


def _currencies(offer: Thing) -> Iterator[str]:
    for source in (offer, *_objects(offer.get("priceSpecification"))):
        yield text(source.get("priceCurrency"))
    yield text(offer.get("price"))


def _availability(offers: list[Thing]) -> str | None:
    """Return the best of what the offers say: a product is there when one of its variants is."""
    said = [found for offer in offers if (found := availability(text(offer.get("availability"))))]
    return "in_stock" if "in_stock" in said else next(iter(said), None)


def _image(value: JSON, page: Page) -> str | None:
    for one in value if isinstance(value, list) else [value]:
        said = one.get("url") or one.get("contentUrl") or one.get("@id") if isinstance(one, dict) else one
        url = page.absolute(said) if isinstance(said, str) and said else None
        if url is not None:
            return url
    return None


def _rating(value: JSON) -> Thing | None:
    for said in _objects(value):
        found: Thing = {
            "value": number(said.get("ratingValue")),
            "best": number(said.get("bestRating")),
            "count": number(said.get("ratingCount")) or number(said.get("reviewCount")),
        }
        if found["value"] is not None:
            return {key: amount for key, amount in found.items() if amount is not None}
    return None


def _first(values: Iterable[JSON]) -> JSON:
    return next((value for value in values if value), None)
