"""The small pages that selectors are tried on: of every kind that is read, and a little of everything."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING, Final

import orjson

from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

PRODUCTS: Final = 24
NESTED: Final = 12
URL: Final = "https://sample.test/"


def pages() -> tuple[Page, ...]:
    """Return a page of HTML, the same as XML, one of JSON, and a long text."""
    body = _body()
    linked = orjson.dumps({"@graph": list(_products())}).decode()
    html = (
        '<!DOCTYPE html><html lang="en"><head><title>Sample</title><meta name="author" content="A">'
        f'<script type="application/ld+json">{linked}</script></head><body>{body}</body></html>'
    )
    return (
        _page("text/html", html),
        _page("application/xml", f"<html><body>{body}</body></html>"),
        _page("application/json", orjson.dumps({"products": list(_products()), "page": 1}).decode()),
        _page("text/plain", text()),
    )


def text() -> str:
    """Return 30 KiB of text: words, lines, long runs of one letter, digits without a period."""
    prose = (
        "The quick brown fox, no. 42, costs € 1.234,50 on 2024-02-29;\n\tsee https://sample.test/a?b=c#d \n"
    )
    digits = "".join(map(str, (number * number % 97 % 2 for number in range(4_096))))
    accents = "Größe ÄÖÜ ŁÓDŹ 日本語 العربية " * 64
    return "".join((prose * 80, "a" * 8_192, " " * 2_048, digits, accents, "x" * 4_096, "!\n"))


def _page(content_type: str, text: str) -> Page:
    return Page(url=URL, body=text.encode(), headers={"content-type": f"{content_type}; charset=utf-8"})


def _body() -> str:
    items = "".join(
        f'<li class="item n{number}" id="p{number}" data-price="{number}.5"><a href="/p/{number}" title="t">'
        f'<span class="name">Name {number}</span></a><b class="price">€ {number},50</b><p>Text</p></li>'
        for number in range(PRODUCTS)
    )
    cells = "".join(
        f"<tr><th>Row {number}</th><td>{number}</td><td>x</td></tr>" for number in range(PRODUCTS)
    )
    deep = '<div class="deep">' * NESTED + "<i>deep</i>" + "</div>" * NESTED
    return f'<h1>Sample</h1><ul class="items">{items}</ul><table><tbody>{cells}</tbody></table>{deep}'


def _products() -> Iterator[dict[str, object]]:
    for number, (size, colour) in enumerate(islice(product("SML", ("red", "green", "blue")), PRODUCTS)):
        offers = [{"price": number + extra, "priceCurrency": "EUR"} for extra in range(3)]
        yield {"@type": "Product", "name": f"Name {number}", "size": size, "color": colour, "offers": offers}
