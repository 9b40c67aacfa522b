"""What a page's address asks for: filters, the place in a list, the row it is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar

from django.http import Http404, HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from crawler.queries.paging import BadCursor

Choice = TypeVar("Choice", bound=StrEnum)
LARGEST_ID = 2**63 - 1


def text(request: HttpRequest, name: str, *, longest: int = 200) -> str:
    """Return a word of the address's query, without NUL characters and cut to `longest`."""
    return request.GET.get(name, "").replace("\0", "").strip()[:longest]


def number(request: HttpRequest, name: str) -> int | None:
    """Return the id in the address's query; None when there is none. Raises Http404 for what is no id."""
    return id_of(text(request, name))


def id_of(word: str) -> int | None:
    """Return the id that `word` spells; None for nothing. Raises Http404 for what is no id."""
    if not word:
        return None
    if not (word.isascii() and word.isdecimal() and len(word) < 20) or int(word) > LARGEST_ID:
        raise Http404("this is no number of a row")
    return int(word)


def choice(request: HttpRequest, name: str, default: Choice) -> Choice:
    """Return the chosen member of the default's enumeration; the default for anything unknown."""
    try:
        return type(default)(text(request, name))
    except ValueError:
        return default


@contextmanager
def known_place() -> Iterator[None]:
    """Answer 404 for a cursor that the list inside did not hand out."""
    try:
        yield
    except BadCursor as error:
        raise Http404("there is no such place in this list") from error


def address(request: HttpRequest, path: str) -> str:
    """Return the address of the page at `path` with the query of this request, perhaps for a part of it."""
    return f"{path}?{request.GET.urlencode()}" if request.GET else path


def way_back(request: HttpRequest, default: str) -> str:
    """Return the page of this site that a form asks to come back to; `default` for any other place."""
    asked = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if asked and own else default
