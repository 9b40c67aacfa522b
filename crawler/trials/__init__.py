"""Reads pages and tries selectors in a process that can be ended, also while it is deep in C."""

from crawler.trials.asking import CannotTry, StoredPage, TookTooLong, links_of, problems_of, reading_of

__all__ = ["CannotTry", "StoredPage", "TookTooLong", "links_of", "problems_of", "reading_of"]
