"""Reads stored pages with the settings of a replay, in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler import trials
from crawler.services.replays.giving import ReadPage
from scrapers import registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.models import Replay
    from crawler.queries.stored_pages import Kept


def follows(settings: Mapping[str, Any]) -> bool:
    """Say whether records may go on to other pages; raises InvalidScraper."""
    return registry.resuming(registry.compile(**scraper_of(settings))) is not None


def read(row: Replay, batch: Sequence[Kept]) -> list[ReadPage]:
    """Return the first pages of `batch` with what came of reading them."""
    readable = [kept.page for kept in batch if kept.page is not None]
    before = None if row.settings == row.before else scraper_of(row.before)
    told = iter(trials.records_of(scraper_of(row.settings), readable, before=before) if readable else ())
    pages = []
    for kept in batch:
        came = next(told, None) if kept.page is not None else None
        if came is None and kept.page is not None:
            break
        pages.append(ReadPage(kept, came))
    return pages


def scraper_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what reads pages, of the settings of a replay."""
    return {"name": settings["scraper"], **{key: settings[key] for key in ("options", "row", "fields")}}
