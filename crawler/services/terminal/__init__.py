"""`./run crawl`: one slice restricted to its own run, attended until it ends or is interrupted."""

from crawler.services.terminal.asked import Asked, Refusal
from crawler.services.terminal.crawling import crawl, refuse

__all__ = ["Asked", "Refusal", "crawl", "refuse"]
