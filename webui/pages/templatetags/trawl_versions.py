"""What templates say of earlier versions of pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import template

from crawler.policy import versions
from scrapers.comparing import NOT_TEXT

register = template.Library()


NOISE: Final = {
    "dates": "dates",
    "counters": "counters",
    "links": "links and pictures that are ignored",
    "patterns": "words that are ignored",
    "css": "parts that are ignored",
    NOT_TEXT: "nothing that it says or shows",
}
IGNORED: Final = {
    "dates": "dates and times",
    "counters": "counters",
    "links": "where links lead and which pictures are shown",
}


@register.filter
def noise_words(kinds: Iterable[str]) -> str:
    """Return of which noise alone a change consisted, in words."""
    return ", ".join(NOISE.get(kind, kind) for kind in kinds)


@register.filter
def ignored_words(noise: Mapping[str, Any]) -> list[str]:
    """Return what a target takes for no change of a page, in words, a rule each; often nothing."""
    told = [word for rule, word in IGNORED.items() if noise.get(rule)]
    told += [f"what {selector} finds" for selector in noise.get("css", ())]
    return told + [f"what matches {pattern}" for pattern in noise.get("patterns", ())]


@register.filter
def keeping_words(keep: Mapping[str, Any] | None) -> str:
    """Return how long a target keeps earlier versions, in words."""
    rules = versions.of(keep)
    words = [
        f"{bound:,} {word if bound > 1 else word.removesuffix('s')}"
        for bound, word in ((rules.versions, "versions"), (rules.days, "days"), (rules.megabytes, "MB"))
        if bound is not None
    ]
    return ", ".join(words) or "all versions"
