"""Scrapy as a program: `scrapy_peer.py defaults|tuned URL ITEMS`.

`defaults` is what the documentation's examples give: LinkExtractor and Scrapy's own settings. `tuned` takes
links from lxml's tree as strings, leaves out what it does not need and asks for more at once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor

if TYPE_CHECKING:
    from collections.abc import Iterator

TUNED: dict[str, Any] = {
    "CONCURRENT_REQUESTS": 64,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 64,
    "COOKIES_ENABLED": False,
    "REDIRECT_ENABLED": False,
    "RETRY_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_LEVEL": "ERROR",
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
        "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
        "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    },
    "SPIDER_MIDDLEWARES": {
        "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
        "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    },
}


def item(response: HtmlResponse) -> dict[str, Any]:
    """Return what `auto` of Trawl finds on pages like these."""
    return {
        "url": response.url,
        "title": response.xpath("normalize-space(//title)").get(),
        "description": response.xpath('//meta[@name="description"]/@content').get(),
        "language": response.xpath("/html/@lang").get(),
        "headings": [
            {"level": int(node.root.tag[1]), "text": node.xpath("normalize-space(.)").get()}
            for node in response.xpath("//h1|//h2|//h3")
        ],
        "word_count": len((response.xpath("string(//body)").get() or "").split()),
    }


class Defaults(Spider):
    """Follows what the link extractor finds on the start's host."""

    name = "peer"

    def __init__(self, start: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start_urls = [start]
        self.allowed_domains = [urlsplit(start).hostname or ""]
        self.links = LinkExtractor(deny_extensions=[])

    def parse(self, response: Any) -> Iterator[Any]:
        if isinstance(response, HtmlResponse):
            yield item(response)
            for link in self.links.extract_links(response):
                yield Request(link.url)


class Tuned(Spider):
    """Follows each reference that it has not seen on the start's origin."""

    name = "peer"

    def __init__(self, start: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start_urls = [start]
        self.origin = start[: start.index("/", len("https://"))]
        self.seen: set[str] = set()

    def parse(self, response: Any) -> Iterator[Any]:
        if not isinstance(response, HtmlResponse):
            return
        yield item(response)
        for reference in response.selector.root.xpath("//a/@href"):
            url = urldefrag(response.urljoin(reference)).url
            if url not in self.seen and url.startswith(self.origin):
                self.seen.add(url)
                yield Request(url)


def main(kind: str, start: str, items: str) -> None:
    feeds = {items: {"format": "jsonlines", "overwrite": True}}
    process = CrawlerProcess(
        {"FEEDS": feeds, "LOG_LEVEL": "WARNING", **(TUNED if kind == "tuned" else {})},
    )
    process.crawl(Tuned if kind == "tuned" else Defaults, start=start)
    process.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
