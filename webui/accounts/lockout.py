"""What somebody is told whose sign-in is locked after too many wrong passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axes.helpers import get_cool_off
from django.shortcuts import render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def answer(request: HttpRequest, _before: HttpResponse | None = None, _given: object = None) -> HttpResponse:
    """Return 429 with the seconds that the lock lasts without another try; each wrong one begins it anew."""
    locked = render(request, "429.html", status=429)
    if (lasts := get_cool_off(request)) is not None:
        locked["Retry-After"] = str(round(lasts.total_seconds()))
    return locked
