"""The Celery application with one more scraper: a page of its choice ends the process that reads it."""

from __future__ import annotations

from scrapers import registry
from tests.faults.crashing import Crashing
from webui.celery import app

__all__ = ["app"]

registry.SITES = (*registry.SITES, Crashing())
