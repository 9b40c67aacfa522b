"""Builds an engine for one slice and runs it: the only place that knows all parts."""

from crawler.runner.building import SliceJob, crawl, preview
from crawler.runner.rules import RuleBook, rules_from, text_of

__all__ = ["RuleBook", "SliceJob", "crawl", "preview", "rules_from", "text_of"]
