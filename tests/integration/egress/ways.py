"""What a client may be asked to do with a URL that somebody else wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.http import Failed, Proxy, Request
from crawler.urls import BadUrl, canonical

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crawler.engine.ports import Fetcher
    from crawler.fetch.http2 import Http2Fetcher

    Way = Callable[[Fetcher, str], Awaitable[str]]


async def plain(fetcher: Fetcher, spelled: str) -> str:
    """Fetch what a person registered."""
    return await _fetched(fetcher, spelled)


async def http2(fetcher: Http2Fetcher, spelled: str) -> str:
    """Fetch what a person registered with `https://` where HTTP/2 may be spoken."""
    return await _fetched(fetcher, spelled.replace("http:", "https:", 1))


async def through_proxy(fetcher: Fetcher, spelled: str) -> str:
    """Have a proxy that may be reached fetch it."""
    return await _fetched(fetcher, spelled, proxy=Proxy(url="http://control.test:8080"))


async def as_proxy(fetcher: Fetcher, spelled: str) -> str:
    """Go through it to a page that may be reached."""
    try:
        proxy = Proxy(url=canonical(spelled).origin)
    except BadUrl:
        return "bad_url"
    return await _fetched(fetcher, "http://control.test/", proxy=proxy)


async def _fetched(fetcher: Fetcher | Http2Fetcher, spelled: str, *, proxy: Proxy | None = None) -> str:
    try:
        url = canonical(spelled)
    except BadUrl:
        return "bad_url"
    outcome = await fetcher.fetch(Request(url=url.text, proxy=proxy))
    if outcome is None:
        return "not_offered"
    return outcome.error.code if isinstance(outcome, Failed) else "fetched"
