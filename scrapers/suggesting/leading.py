"""Whether a link of a list leads to a page behind it: another one, on the same host, and no file."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

LONGEST_URL: Final = 2_048
"""As many characters as a URL that is asked for may have."""
_FILES: Final = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg", ".pdf", ".zip", ".mp3", ".mp4")


def is_behind(url: str, *, here: str) -> bool:
    """Whether an absolute URL leads from the page `here` to another of its host."""
    url, here = url.partition("#")[0], here.partition("#")[0]
    if url == here or _host(url) != _host(here):
        return False
    return not url.partition("?")[0].lower().endswith(_FILES)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
