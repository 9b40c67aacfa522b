"""A scraper that ends the process which reads a page of its choice."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapers.page import Page
    from scrapers.registry import Yielded

PATH = "/page/77"


class Crashing:
    """Reads nothing, and reads from nowhere where `PATH` is: the process ends by SIGSEGV."""

    name = "crashing"
    title = "Crashing"
    description = "Ends the process at one page."

    def matches(self, url: str) -> bool:
        return "/page/" in url

    def parse(self, page: Page) -> Iterable[Yielded]:
        if page.url.endswith(PATH):
            ctypes.string_at(0)
        return ()
