"""What is done in a terminal: a crawl, attended until it ends or is interrupted, and a look at one page."""

from crawler.services.terminal.asked import Asked, Refusal
from crawler.services.terminal.crawling import crawl, refuse
from crawler.services.terminal.database import prepare
from crawler.services.terminal.suggesting import SuggestionAsked, suggest

__all__ = ["Asked", "Refusal", "SuggestionAsked", "crawl", "prepare", "refuse", "suggest"]
