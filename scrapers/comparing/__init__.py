"""What a page says, line by line, and how two versions of that differ."""

from scrapers.comparing.differing import Difference, Row, compare
from scrapers.comparing.folding import Comparison, Line, ShownKind, folded
from scrapers.comparing.judging import NOT_TEXT, only_noise
from scrapers.comparing.lines import lines_of
from scrapers.comparing.noise import NOTHING_IGNORED, BadNoise, Noise
from scrapers.comparing.pages import compare_pages

__all__ = [
    "NOTHING_IGNORED",
    "NOT_TEXT",
    "BadNoise",
    "Comparison",
    "Difference",
    "Line",
    "Noise",
    "Row",
    "ShownKind",
    "compare",
    "compare_pages",
    "folded",
    "lines_of",
    "only_noise",
]
