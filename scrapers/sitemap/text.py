"""Sitemaps as plain text: one URL a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapers.sitemap.found import MAX_URL_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.sitemap.found import Found

_LOOKED_AT = 100


def read(parts: Iterator[str], found: Found) -> Iterator[None]:
    """Take the lines of a text; a step for each part. One without a URL in its first lines is none."""
    rest = ""
    for part in parts:
        *lines, rest = (rest + part).splitlines() or [""]
        if part.endswith(("\n", "\r")):
            lines, rest = [*lines, rest], ""
        if not _take(lines, found):
            return
        rest = rest[: MAX_URL_CHARACTERS + 1]
        yield
    _take([rest], found)


def _take(lines: list[str], found: Found) -> bool:
    """Take whole lines; say whether to go on."""
    named = [line for line in map(str.strip, lines) if line]
    if not found.is_known and named and not any(map(_is_absolute, named[:_LOOKED_AT])):
        return False
    for line in named:
        found.add(line if _is_absolute(line) else "")
        if found.is_over:
            return False
    return True


def _is_absolute(reference: str) -> bool:
    return reference[:8].lower().startswith(("http://", "https://"))
