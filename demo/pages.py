"""The demo shop's pages as HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from demo import journal, relaid
from demo.catalogue import CURRENCY, PAGE_SIZE, categories

if TYPE_CHECKING:
    from decimal import Decimal

    from demo.catalogue import Category, Product

LAYOUT = Template((Path(__file__).parent / "layout.tmpl").read_text(encoding="utf-8"))
SCHEMA = "https://schema.org/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its HTML, and the epoch in which it last changed."""

    html: str
    changed_at: int = 0
    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every page needs to know: where the shop is, the shop at one epoch, and how it is laid out."""

    base: str
    categories: tuple[Category, ...]
    layout: str = "1"

    @classmethod
    def at(cls, *, base: str, seed: int, epoch: int, layout: str = "1") -> Site:
        return cls(base=base, categories=categories(seed, epoch), layout=layout)

    @property
    def products(self) -> tuple[Product, ...]:
        return tuple(product for category in self.categories for product in category.products)

    def category(self, slug: str) -> Category | None:
        return next((category for category in self.categories if category.slug == slug), None)

    def product(self, slug: str) -> Product | None:
        return next((product for product in self.products if product.slug == slug), None)


def home(site: Site) -> Page:
    picks = tuple(category.products[0] for category in site.categories)
    shelves = "".join(
        f'<li><a class="shelf" href="{category.path}"><img src="/art/{category.slug}.svg" alt="">'
        f"<b>{escape(category.name)}</b><span>{len(category.products)} products</span></a></li>"
        for category in site.categories
    )
    main = (
        '<section class="hero"><h1>Plain things, well made</h1>'
        f"<p>{len(site.products)} products in {len(site.categories)} departments. "
        "Some prices move while you read.</p>"
        f'</section><ul class="shelves">{shelves}</ul><h2>Picked today</h2>{_picks(picks)}'
    )
    page = _page(site, "/", "Plain things, well made", "A small shop that is crawled on purpose.", main)
    return replace(page, changed_at=max(category.stocked_at for category in site.categories))


def category(site: Site, shown: Category, number: int) -> Page:
    listed = shown.page(number)
    first = (number - 1) * PAGE_SIZE + 1
    main = (
        f'<h1>{escape(shown.name)}</h1><p class="blurb">{escape(shown.blurb)}</p>'
        f'<p class="count">{first} to {first + len(listed) - 1} of {len(shown.products)} products</p>'
        f"{_cards(listed, first) if site.layout == '1' else relaid.tiles(listed)}{_pagination(shown, number)}"
    )
    title = shown.name if number == 1 else f"{shown.name}, page {number}"
    path = shown.path if number == 1 else f"{shown.path}?page={number}"
    page = _page(site, path, title, shown.blurb, main, listed)
    return replace(page, changed_at=max(page.changed_at, shown.stocked_at))


def product(site: Site, shown: Product) -> Page:
    home_of = next(category for category in site.categories if category.slug == shown.category)
    main = (
        f'<p class="crumbs"><a href="/">Home</a> / <a href="{home_of.path}">{escape(home_of.name)}</a></p>'
        f"{_of_product(shown, home_of) if site.layout == '1' else relaid.product(shown)}"
        f"<h2>More from {escape(home_of.name)}</h2>{_picks(_others(home_of, shown))}"
    )
    data = json.dumps(_linked_data(site, shown), ensure_ascii=False).replace("<", "\\u003c")
    head = f'<script type="application/ld+json">{data}</script>'
    page = _page(site, shown.path, shown.name, shown.description, main, (shown,), head=head)
    return replace(page, changed_at=max(page.changed_at, home_of.stocked_at))


def _others(home_of: Category, shown: Product) -> tuple[Product, ...]:
    return tuple(other for other in home_of.products if other.slug != shown.slug)[:4]


def _of_product(shown: Product, home_of: Category) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in shown.specs)
    was = f'<p class="was">Was <del>{_euro(shown.was)}</del></p>' if shown.was else ""
    stock = "In stock" if shown.in_stock else "Out of stock"
    return (
        f'<article class="product"><img src="/art/{home_of.slug}.svg" alt="" width="640" height="400">'
        f'<h1 class="product-name">{escape(shown.name)}</h1>'
        f'<p class="price" data-currency="{CURRENCY}">{_euro(shown.price)}</p>{was}'
        f'<p class="stock{"" if shown.in_stock else " gone"}">{stock}</p>'
        f'<div class="description">{escape(shown.description)}</div>'
        f'<table class="specs">{rows}</table>'
        f'<p class="sku">Article {shown.sku}</p>'
        f'<a class="buy" href="/cart/?add={shown.slug}">Add to cart</a></article>'
    )


def about(site: Site) -> Page:
    main = (
        "<h1>About Kontor</h1><p>Kontor is a shop that exists to be crawled. It has departments, "
        "pages of products, prices that move, one product that is sold out, one that is cut in price, and "
        "now and then one that is taken off the shelves for a while.</p>"
        "<p>Everything on it follows from one number, the seed, and from the clock, "
        "so that whoever crawls it can check what came back.</p>"
        '<p>Its <a href="/robots.txt">robots.txt</a> closes the cart to crawlers; its '
        '<a href="/sitemap.xml">sitemap</a> lists everything else.</p>'
    )
    return _page(site, "/about/", "About Kontor", "What this shop is for.", main)


def contact(site: Site) -> Page:
    main = (
        '<h1>Contact</h1><p>Write to us in any language you like:</p><ul class="greetings">'
        '<li lang="de">Grüß Gott, schöne Bücher und Öfen</li>'
        '<li lang="fr">Écrivez-nous où vous êtes, cœur léger</li>'
        '<li lang="el">Γράψτε μας όποτε θέλετε</li><li lang="ru">Пишите нам, будем рады</li>'
        '<li lang="ja">お気軽にお問い合わせください</li><li lang="ar" dir="rtl">اكتبوا لنا متى شئتم</li>'
        "<li>And in 🧵 or ☕ if you must</li></ul><address>Kontor, Žitná 12, 110 00 Praha · "
        '<a href="mailto:post@kontor.example">post@kontor.example</a> · '
        '<a href="tel:+420555010012">+420 555 010 012</a></address>'
    )
    return _page(site, "/contact/", "Contact", "How to reach us: in any language.", main)


def journal_index(site: Site) -> Page:
    head = '<link rel="alternate" type="application/atom+xml" title="Journal" href="/journal/feed.xml">'
    return _page(site, "/journal/", "Journal", "What we know of what we sell.", journal.index(), head=head)


def story(site: Site, shown: journal.Story) -> Page:
    head = (
        f'<meta name="author" content="{journal.AUTHOR}"><meta property="og:type" content="article">'
        f'<meta property="article:published_time" content="{shown.published}">'
        f'<meta property="og:image" content="/journal/{shown.slug}.png">'
    )
    return _page(site, shown.path, shown.title, shown.summary, journal.article(shown), head=head)


def delivery(site: Site) -> Page:
    return _page(site, "/delivery/", "Delivery", "What delivery costs.", journal.delivery())


def cart(site: Site) -> Page:
    return _page(site, "/cart/", "Your cart", "Nothing here.", "<h1>Your cart</h1><p>Your cart is empty.</p>")


def layout(site: Site) -> Page:
    return _page(site, "/layout/", "Layout", "How the shop is laid out.", relaid.form(site.layout))


def missing(site: Site) -> Page:
    main = '<h1>Not found</h1><p>There is no such page. Go <a href="/">home</a>.</p>'
    page = _page(site, "/", "Not found", "There is no such page.", main)
    return Page(html=page.html, status=404)


def art(shown: Category) -> str:
    """Return the picture of a category, as SVG."""
    tint, deep = f"hsl({shown.hue} 62% 88%)", f"hsl({shown.hue} 45% 42%)"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" role="img">'
        f'<rect width="640" height="400" fill="{tint}"/>'
        f'<circle cx="{180 + shown.hue % 90}" cy="230" r="120" fill="{deep}" opacity=".85"/>'
        f'<rect x="330" y="{120 + shown.hue % 60}" width="170" height="210" rx="18" '
        f'fill="{deep}" opacity=".45"/>'
        f'<path d="M0 350h640v50H0z" fill="{deep}" opacity=".25"/></svg>'
    )


def _page(
    site: Site,
    path: str,
    title: str,
    description: str,
    main: str,
    shown: tuple[Product, ...] = (),
    *,
    head: str = "",
) -> Page:
    html = LAYOUT.substitute(
        title=escape(title),
        description=escape(description),
        canonical=escape(site.base + path),
        head=head,
        departments=" ".join(f'<a href="{item.path}">{escape(item.name)}</a>' for item in site.categories),
        main=main,
    )
    return Page(html=html, changed_at=max((product.priced_at for product in shown), default=0))


def _cards(shown: tuple[Product, ...], first: int = 1) -> str:
    cards = "".join(
        f'<li class="card"><a class="card-link" href="{item.path}">{escape(item.name)}</a> '
        f'<span class="price">{_euro(item.price)}</span></li>'
        for item in shown
    )
    return f'<ol class="products" start="{first}">{cards}</ol>'


def _picks(shown: tuple[Product, ...]) -> str:
    links = "".join(f'<li><a href="{item.path}">{escape(item.name)}</a></li>' for item in shown)
    return f'<ul class="picks">{links}</ul>'


def _pagination(shown: Category, number: int) -> str:
    links = []
    if number > 1:
        previous = shown.path if number == 2 else f"?page={number - 1}"
        links.append(f'<a rel="prev" href="{previous}">Previous</a>')
    links.append(f"<span>Page {number} of {shown.pages}</span>")
    if number < shown.pages:
        links.append(f'<a rel="next" href="?page={number + 1}">Next</a>')
    return f'<nav class="pagination">{" ".join(links)}</nav>'


def _linked_data(site: Site, shown: Product) -> dict[str, object]:
    return {
        "@context": SCHEMA,
        "@type": "Product",
        "sku": shown.sku,
        "name": shown.name,
        "description": shown.description,
        "url": site.base + shown.path,
        "offers": {
            "@type": "Offer",
            "price": str(shown.price),
            "priceCurrency": CURRENCY,
            "availability": SCHEMA + ("InStock" if shown.in_stock else "OutOfStock"),
        },
    }


def _euro(amount: Decimal) -> str:
    return f"€ {amount:.2f}"
