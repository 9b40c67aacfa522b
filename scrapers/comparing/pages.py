"""How what a page says became what it says now, with where it leads and which pictures it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapers.comparing.differing import compare
from scrapers.comparing.judging import refer_elsewhere
from scrapers.comparing.lines import shown_of

if TYPE_CHECKING:
    from scrapers.comparing.differing import Difference
    from scrapers.comparing.noise import Noise
    from scrapers.page import Page


def compare_pages(before: Page, after: Page, noise: Noise) -> Difference:
    """Return how two versions of a page differ, line by line, but for what is noise.

    Links and pictures follow the text, where any of them is another.
    """
    texts = [shown_of(page, without=noise.css) for page in (before, after)]
    refers = not noise.links and refer_elsewhere(texts, noise)
    old, new = ([*text.lines, *text.references] if refers else text.lines for text in texts)
    return compare(old, new, key=noise.key)
