"""Suggests what to scrape from one page: rows that repeat, named and typed fields, the next page."""

from scrapers.suggesting.next_page import NextPage
from scrapers.suggesting.proposals import suggest
from scrapers.suggesting.values import Candidate, SuggestedField, Suggestions

__all__ = ["Candidate", "NextPage", "SuggestedField", "Suggestions", "suggest"]
