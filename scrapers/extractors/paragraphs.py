"""How many short paragraphs stand in a row in HTML: cells of large tables, entries of long lists."""

from __future__ import annotations

import re
from typing import Final

MOST_SHORT: Final = 1_500
"""In a row. jusText looks from each to the ends of its row: 3,000 take 7 s, and 12,000 minutes."""

_SHORT_CHARACTERS: Final = 70
_EDGE: Final = re.compile(
    r"</?(?:blockquote|caption|center|dd|div|dl|dt|fieldset|form|h[1-6]|legend|li|option|p|pre|table|td|th|tr|ul)"
    r"[\s/>]",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[^>]*>?|^[^<>]*>")


def are_too_many(source: str) -> bool:
    """Say whether more than `MOST_SHORT` short paragraphs follow each other."""
    if source.count("<") <= MOST_SHORT:
        return False
    row = 0
    for piece in _EDGE.split(source):
        length = len(_TAG.sub("", piece).strip())
        if length:
            row = row + 1 if length < _SHORT_CHARACTERS else 0
        if row > MOST_SHORT:
            return True
    return False
