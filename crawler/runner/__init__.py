"""Builds an engine for one slice and runs it: the only place that knows all parts."""

from crawler.runner.building import LoginResult, SliceJob, crawl, fetch, log_in, preview
from crawler.runner.rules import UNREADABLE, RuleBook, rules_from, stored, text_of

__all__ = [
    "UNREADABLE",
    "LoginResult",
    "RuleBook",
    "SliceJob",
    "crawl",
    "fetch",
    "log_in",
    "preview",
    "rules_from",
    "stored",
    "text_of",
]
