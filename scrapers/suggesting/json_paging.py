"""The link to the next page of a list whose pages are JSON, where their body says one in a usual place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scrapers.page import NotJson
from scrapers.suggesting.json_paths import quoted
from scrapers.suggesting.next_page import NextPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapers.page import JSON, Page

_NEXT: Final = (
    "next", "next_url", "nextUrl", "next_page", "nextPage", "next_page_url", "nextPageUrl", "nextLink",
    "next_link", "@odata.nextLink",
)  # fmt: skip
_AROUND_NEXT: Final = (
    (), ("links",), ("_links",), ("paging",), ("pagination",), ("meta",), ("info",), ("page",),
    ("meta", "links"), ("meta", "pagination"), ("pagination", "links"), ("meta", "pagination", "links"),
)  # fmt: skip


def of_page(page: Page) -> NextPage | None:
    """Return the next page of a JSON page; None where its body names none."""
    try:
        body = page.json
    except NotJson:
        return None
    for around in _AROUND_NEXT:
        for key in _NEXT:
            for path in ((*around, key), (*around, key, "href")):
                said = _at(body, path)
                if not isinstance(said, str) or not re.match(r"https?://|[/?]", said):
                    continue
                url = page.absolute(said)
                if url is not None and url != page.url:
                    selector = "jmespath:" + ".".join(map(quoted, path))
                    return NextPage(url=url, selector=selector, because="body")
    return None


def _at(body: JSON, path: Sequence[str]) -> JSON:
    for key in path:
        body = body.get(key) if isinstance(body, dict) else None
    return body
