"""What templates say of earlier versions of pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from crawler.policy import versions

register = template.Library()


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
