"""Whether the data of a run is what it should be: its figures, people's rules, and what was usual before."""

from crawler.policy.quality.drift import FEWEST_RUNS, drifts
from crawler.policy.quality.rules import Breach, Rules, breaches
from crawler.policy.quality.statistics import FieldFigures, Statistics

__all__ = ["FEWEST_RUNS", "Breach", "FieldFigures", "Rules", "Statistics", "breaches", "drifts"]
