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


@register.filter
def noise_words(kinds: Iterable[str]) -> str:
    """Return of which noise alone a change consisted, in words."""
    return ", ".join(NOISE.get(kind, kind) for kind in kinds)


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
