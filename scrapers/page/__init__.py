"""One fetched page: its bytes, and the views of them that scrapers read."""

from scrapers.page.document import Page
from scrapers.page.structured import NotJson
from scrapers.page.values import JSON, Problem, Scraped

__all__ = ["JSON", "NotJson", "Page", "Problem", "Scraped"]
