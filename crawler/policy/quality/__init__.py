"""Whether the data of a run is what it should be: its figures, people's rules, and what was usual before."""

from crawler.policy.quality.broken import pages
from crawler.policy.quality.declared import may_have
from crawler.policy.quality.drift import FEWEST_ITEMS, FEWEST_RUNS, drifts
from crawler.policy.quality.partial import Beside, Steady, Tally, partial_drifts, score, steady
from crawler.policy.quality.rules import Breach, Rules, breaches
from crawler.policy.quality.statistics import FieldFigures, Statistics, fields_of

__all__ = [
    "FEWEST_ITEMS",
    "FEWEST_RUNS",
    "Beside",
    "Breach",
    "FieldFigures",
    "Rules",
    "Statistics",
    "Steady",
    "Tally",
    "breaches",
    "drifts",
    "fields_of",
    "may_have",
    "pages",
    "partial_drifts",
    "score",
    "steady",
]
