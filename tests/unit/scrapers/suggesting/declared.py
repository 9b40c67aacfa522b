"""What a target reads that has the declaration of a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapers import reader, registry

if TYPE_CHECKING:
    from scrapers.page import Page
    from scrapers.registry import Scraper
    from scrapers.suggesting import Candidate


def scraper_of(candidate: Candidate) -> Scraper:
    said = candidate.declaration
    return registry.compile(
        name=said["scraper"], row=said["row"], fields=said["fields"], options=said["options"]
    )


def read_by(candidate: Candidate, page: Page) -> reader.Reading:
    return reader.read(page, scraper_of(candidate))
