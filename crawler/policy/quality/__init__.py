"""Whether the data of a run is what it should be: its figures, people's rules, and what was usual before."""

from crawler.policy.quality.broken import pages
from crawler.policy.quality.declared import may_have
from crawler.policy.quality.drift import FEWEST_ITEMS, FEWEST_RUNS, compared, drifts
from crawler.policy.quality.partial import Beside, Steady, Tally, partial_drifts, score, steady
from crawler.policy.quality.rules import Breach, Rules, breaches
from crawler.policy.quality.statistics import FieldFigures, Statistics, fields_of, untold

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
    "compared",
    "drifts",
    "fields_of",
    "may_have",
    "pages",
    "partial_drifts",
    "score",
    "steady",
    "untold",
]
