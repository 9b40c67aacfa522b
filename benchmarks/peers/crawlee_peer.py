"""Crawlee as a program: `crawlee_peer.py parsel|beautifulsoup URL ITEMS`.

Its requests stay in memory and its items go straight to a file: its default, a file for each of either, is
slower by far.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from crawlee import ConcurrencySettings
from crawlee.crawlers import BeautifulSoupCrawler, ParselCrawler
from crawlee.storage_clients import MemoryStorageClient


def parsel_item(context: Any) -> dict[str, Any]:
    page = context.selector
    return {
        "url": context.request.url,
        "title": page.xpath("normalize-space(//title)").get(),
        "description": page.xpath('//meta[@name="description"]/@content').get(),
        "language": page.xpath("/html/@lang").get(),
        "headings": [
            {"level": int(node.root.tag[1]), "text": node.xpath("normalize-space(.)").get()}
            for node in page.xpath("//h1|//h2|//h3")
        ],
        "word_count": len((page.xpath("string(//body)").get() or "").split()),
    }


def soup_item(context: Any) -> dict[str, Any]:
    page = context.soup
    description = page.find("meta", attrs={"name": "description"})
    return {
        "url": context.request.url,
        "title": page.title.get_text(strip=True) if page.title else None,
        "description": description.get("content") if description else None,
        "language": page.html.get("lang") if page.html else None,
        "headings": [
            {"level": int(node.name[1]), "text": " ".join(node.get_text().split())}
            for node in page.find_all(["h1", "h2", "h3"])
        ],
        "word_count": len(page.body.get_text(separator=" ").split()) if page.body else 0,
    }


async def main(kind: str, start: str, items: str) -> None:
    made = ParselCrawler if kind == "parsel" else BeautifulSoupCrawler
    read = parsel_item if kind == "parsel" else soup_item
    crawler = made(
        storage_client=MemoryStorageClient(),
        concurrency_settings=ConcurrencySettings(desired_concurrency=16, max_concurrency=64),
        configure_logging=False,
    )
    logging.getLogger("crawlee").setLevel(logging.ERROR)
    with Path(items).open("w", encoding="utf-8") as file:  # noqa: ASYNC230  # a program that does nothing else

        async def handle(context: Any) -> None:
            file.write(json.dumps(read(context)) + "\n")
            await context.enqueue_links(strategy="same-origin")

        crawler.router.default_handler(handle)
        await crawler.run([start])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
