"""How pages tell of stored pages that were read again: parts of a whole, and records side by side."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html

from webui.pages.templatetags.trawl import NOTHING

register = template.Library()

KINDS = {
    "changed": ("warn", "changed"),
    "new": ("good", "new"),
    "gone": ("bad", "not found any more"),
    "same": ("", "the same"),
}


@register.filter
def percentage(part: float | None) -> str:
    """Return a part, 0 to 1, in hundredths: never 100 % or 0 % where that is not quite so."""
    if part is None:
        return NOTHING
    whole = round(100 * part)
    if whole == 100 and part < 1:
        return "> 99 %"
    if whole == 0 and part > 0:
        return "< 1 %"
    return f"{whole} %"


@register.filter
def moment_of(word: str) -> datetime:
    """Return the moment that a sample names."""
    return datetime.fromisoformat(word)


@register.filter
def change_badge(change: str) -> str:
    """Return the badge of how a record compares with what is stored."""
    kind, words = KINDS[change]
    return format_html('<span class="state {}">{}</span>', kind, words)


@register.filter
def sides(sample: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of a record with both their values; those that differ first."""
    before, after = sample["before"] or {}, sample["after"] or {}
    lines = [
        {
            "name": name,
            "before": before.get(name),
            "after": after.get(name),
            "differs": name in sample["fields"],
        }
        for name in {**before, **after}
    ]
    return sorted(lines, key=lambda line: not line["differs"])
