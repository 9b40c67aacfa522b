"""What a robots.txt allows (RFC 9309), and what to believe when none could be had."""

from crawler.policy.robots.answers import (
    GOOD_COPY_LASTS,
    MAX_REDIRECTS,
    READ_BYTES,
    Answer,
    NoRules,
    RobotsState,
    Unreachable,
    Usable,
    judge,
)
from crawler.policy.robots.file import RobotsFile, Ruling, within_bounds

__all__ = [
    "GOOD_COPY_LASTS",
    "MAX_REDIRECTS",
    "READ_BYTES",
    "Answer",
    "NoRules",
    "RobotsFile",
    "RobotsState",
    "Ruling",
    "Unreachable",
    "Usable",
    "judge",
    "within_bounds",
]
