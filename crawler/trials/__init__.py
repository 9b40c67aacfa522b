"""Reads pages and tries selectors in a process that can be ended, also while it is deep in C."""

from crawler.trials.asking import (
    CannotTry,
    Completed,
    Records,
    StoredPage,
    TookTooLong,
    Unreadable,
    comparison_of,
    completed_of,
    fingerprints_of,
    links_of,
    mended_of,
    problems_of,
    reading_of,
    records_of,
    suggestions_of,
    thumbnail_of,
)

__all__ = [
    "CannotTry",
    "Completed",
    "Records",
    "StoredPage",
    "TookTooLong",
    "Unreadable",
    "comparison_of",
    "completed_of",
    "fingerprints_of",
    "links_of",
    "mended_of",
    "problems_of",
    "reading_of",
    "records_of",
    "suggestions_of",
    "thumbnail_of",
]
