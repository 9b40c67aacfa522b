"""How pages tell of schedules."""

from __future__ import annotations

from datetime import timedelta

from django import template

from crawler.frontier import feasibility

register = template.Library()


@register.filter
def spoken(seconds: float) -> str:
    """Return a length of time in its two largest units, rounded up."""
    return feasibility.spoken(timedelta(seconds=seconds))
