"""The demo shop as an HTTP server: what it answers to a path, and the loop that answers."""

from __future__ import annotations

import asyncio
import hashlib
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from demo import journal, listing, pages, relaid

if TYPE_CHECKING:
    from collections.abc import Callable

OPENED = datetime(2024, 1, 1, tzinfo=UTC)
DEFAULT_EVERY = timedelta(seconds=30)
STYLE = (Path(__file__).parent / "static" / "shop.css").read_bytes()
JSON = "application/json"
HTML, XML, TEXT = "text/html; charset=utf-8", "application/xml; charset=utf-8", "text/plain; charset=utf-8"
PLAIN = {
    "about": pages.about,
    "contact": pages.contact,
    "delivery": pages.delivery,
    "journal": pages.journal_index,
    "cart": pages.cart,
    "layout": pages.layout,
}
MOVED = {"/index.html": "/", "/sitemap": "/sitemap.xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The shop's settings: its seed, and how its epochs follow from the time.

    Epochs count from `OPENED` and last `every`; a fixed `epoch` makes time stand still.
    """

    seed: int = 1
    every: timedelta = DEFAULT_EVERY
    epoch: int | None = None

    def epoch_at(self, now: datetime) -> int:
        return (now - OPENED) // self.every if self.epoch is None else self.epoch

    def began(self, epoch: int) -> datetime:
        """Return when `epoch` began, to the second."""
        return (OPENED + epoch * self.every).replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the shop says to one path, before any precondition."""

    body: bytes
    content_type: str = HTML
    status: int = 200
    modified: datetime = OPENED
    location: str = ""

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:24]}"'


def answer(
    shop: Shop, *, epoch: int, base: str, path: str, page: str | None = None, layout: str = "1"
) -> Answer:
    """Return the answer to `path`, where `page` is the number in its query; `base` is our origin."""
    site = pages.Site.at(base=base, seed=shop.seed, epoch=epoch, layout=layout)
    match path.split("/")[1:]:
        case ["robots.txt"]:
            return Answer(body=_robots(base), content_type=TEXT)
        case ["sitemap.xml"]:
            return Answer(body=_sitemap(shop, site), content_type=XML, modified=shop.began(epoch))
        case ["static", "shop.css"]:
            return Answer(body=STYLE, content_type="text/css; charset=utf-8")
        case ["category", slug, "products.json"] if listed := _listed(shop, site, slug, page):
            return listed
        case ["journal", name] if paper := _paper(site, name):
            return paper
        case ["art", name] if shown := site.category(name.removesuffix(".svg")):
            return Answer(body=pages.art(shown).encode(), content_type="image/svg+xml")
    if path in MOVED or (not path.endswith("/") and _page(site, f"{path}/", None).status == 200):
        return Answer(body=b"", status=301, location=MOVED.get(path, f"{path}/"))
    found = _page(site, path, page)
    return Answer(body=found.html.encode(), status=found.status, modified=shop.began(found.changed_at))


def is_fresh(given: Answer, *, if_none_match: str, if_modified_since: str) -> bool:
    """Say whether what the client holds is what it would get (RFC 9110, sections 13.1.2 and 13.1.3)."""
    if given.status != 200:
        return False
    if if_none_match:
        held = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in held or given.etag in held
    with suppress(ValueError, TypeError):
        return given.modified <= parsedate_to_datetime(if_modified_since)
    return False


def application(shop: Shop, *, now: Callable[[], datetime]) -> web.Application:
    """Return the shop as an aiohttp application that takes the time from `now`.

    It is laid out anew on request: `POST /layout/`, which robots.txt closes to crawlers.
    """
    laid_out = ["1"]

    async def respond(request: web.Request) -> web.Response:
        if request.method == "POST" and request.path == "/layout/":
            asked = (await request.post()).get("layout")
            laid_out[0] = asked if isinstance(asked, str) and asked in relaid.LAYOUTS else laid_out[0]
            return web.Response(status=303, headers={"Location": "/layout/"})
        if request.method not in {"GET", "HEAD"}:
            raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"])
        base = f"{request.scheme}://{request.host}"
        page = request.query.get("page")
        given = answer(
            shop, epoch=shop.epoch_at(now()), base=base, path=request.path, page=page, layout=laid_out[0]
        )
        if given.location:
            return web.Response(status=given.status, headers={"Location": given.location})
        headers = {"ETag": given.etag, "Last-Modified": format_datetime(given.modified, usegmt=True)}
        if given.status != 200:
            headers = {}
        held = request.headers
        fresh = is_fresh(
            given,
            if_none_match=held.get("If-None-Match", ""),
            if_modified_since=held.get("If-Modified-Since", ""),
        )
        if fresh:
            return web.Response(status=304, headers=headers)
        return web.Response(
            status=given.status, body=given.body, headers={**headers, "Content-Type": given.content_type}
        )

    shown = web.Application()
    shown.router.add_route("*", "/{path:.*}", respond)
    return shown


async def serve(shop: Shop, *, host: str, port: int, share_port: bool = False) -> None:
    """Serve `shop` until SIGINT or SIGTERM; port 0 takes a free one. Prints the address once it answers.

    `share_port` takes the port also where another process of this user keeps it for the shop.
    Raises OSError when the port cannot be had.
    """
    runner = web.AppRunner(application(shop, now=lambda: datetime.now(UTC)), access_log=None)
    await runner.setup()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await web.TCPSite(runner, host, port, reuse_port=share_port).start()
        print(f"demo shop: http://{host}:{runner.addresses[0][1]}/", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def _page(site: pages.Site, path: str, number: str | None) -> pages.Page:
    match path.split("/")[1:]:
        case [""]:
            return pages.home(site)
        case ["category", slug, ""] if (category := site.category(slug)) and _has_page(
            category.pages, number
        ):
            return pages.category(site, category, int(number or 1))
        case ["product", slug, ""] if product := site.product(slug):
            return pages.product(site, product)
        case ["journal", slug, ""] if story := journal.story(slug):
            return pages.story(site, story)
        case [name, ""] if name in PLAIN:
            return PLAIN[name](site)
        case _:
            return pages.missing(site)


def _paper(site: pages.Site, name: str) -> Answer | None:
    """Return what the journal has that is no page: its feed, its leaflet, and the pictures of its stories."""
    if name == "feed.xml":
        return Answer(body=journal.feed(site.base), content_type="application/atom+xml; charset=utf-8")
    if name == "leaflet.pdf":
        return Answer(body=journal.leaflet(), content_type="application/pdf")
    if name.endswith(".png") and (story := journal.story(name.removesuffix(".png"))):
        return Answer(body=journal.picture(story, site.categories[0]), content_type="image/png")
    return None


def _listed(shop: Shop, site: pages.Site, slug: str, number: str | None) -> Answer | None:
    """Return a page of a category's list as JSON, which changes as its products do."""
    category = site.category(slug)
    if category is None or not _has_page(category.pages, number):
        return None
    page = int(number or 1)
    changed_at = max(category.stocked_at, *(product.priced_at for product in category.page(page)))
    body = listing.body(category, page, base=site.base, layout=site.layout)
    return Answer(body=body, content_type=JSON, modified=shop.began(changed_at))


def _has_page(pages_in_all: int, number: str | None) -> bool:
    return number is None or (
        number.isascii() and number.isdecimal() and len(number) < 7 and 1 <= int(number) <= pages_in_all
    )


def _robots(base: str) -> bytes:
    return f"User-agent: *\nDisallow: /cart/\nDisallow: /layout/\n\nSitemap: {base}/sitemap.xml\n".encode()


def _sitemap(shop: Shop, site: pages.Site) -> bytes:
    listed = [
        ("/", 0),
        ("/about/", 0),
        ("/contact/", 0),
        *((category.path, 0) for category in site.categories),
    ]
    listed += [(product.path, product.priced_at) for product in site.products]
    entries = "".join(
        f"<url><loc>{site.base}{path}</loc><lastmod>{shop.began(epoch).isoformat()}</lastmod></url>"
        for path, epoch in listed
    )
    opening = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    )
    return f"{opening}{entries}</urlset>\n".encode()
