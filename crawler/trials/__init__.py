"""Tries what people wrote to read pages in a process that can be ended, also while it is deep in C."""

from crawler.trials.asking import CannotTry, TookTooLong, problems_of, reading_of

__all__ = ["CannotTry", "TookTooLong", "problems_of", "reading_of"]
