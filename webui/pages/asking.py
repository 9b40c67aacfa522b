"""What a page's address asks for: filters, the place in a list, the row it is about."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from django.http import Http404, HttpRequest

Choice = TypeVar("Choice", bound=StrEnum)
LARGEST_ID = 2**63 - 1


def text(request: HttpRequest, name: str, *, longest: int = 200) -> str:
    """Return a word of the address's query, without NUL characters and cut to `longest`."""
    return request.GET.get(name, "").replace("\0", "").strip()[:longest]


def number(request: HttpRequest, name: str) -> int | None:
    """Return the id in the address's query; None when there is none. Raises Http404 for what is no id."""
    word = text(request, name)
    if not word:
        return None
    if not (word.isascii() and word.isdecimal()) or int(word) > LARGEST_ID:
        raise Http404(f"{name} is no number")
    return int(word)


def choice(request: HttpRequest, name: str, default: Choice) -> Choice:
    """Return the chosen member of the default's enumeration; the default for anything unknown."""
    try:
        return type(default)(text(request, name))
    except ValueError:
        return default
