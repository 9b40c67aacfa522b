"""The ways by which a URL that somebody else wrote comes to be fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from crawler.engine import robots
from crawler.engine.held import HeldHost
from crawler.engine.neighbours import Neighbours
from crawler.engine.work import Claim, HostLease, Ledger
from crawler.errors import FetchError
from crawler.http import Failed, Fetched, Proxy, Request
from crawler.policy import redirects
from crawler.urls import BadUrl, canonical
from scrapers import sitemap
from tests.fakes.clock import FakeClock
from tests.fakes.rules import some_rules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crawler.engine.ports import Fetcher
    from crawler.engine.work import HostNews
    from crawler.fetch.http2 import Http2Fetcher
    from crawler.fetch.sender import Sender

    Way = Callable[[Fetcher, int, str], Awaitable[str]]


async def start_url(fetcher: Fetcher, _number: int, spelled: str) -> str:
    """Fetch what a person registered."""
    return await _fetched(fetcher, spelled)


async def redirect(fetcher: Fetcher, number: int, _spelled: str) -> str:
    """Fetch where a page of the control leads."""
    url = f"http://control.test/{number}"
    page = await fetcher.fetch(Request(url=url))
    assert isinstance(page, Fetched), page
    hop = redirects.follow(url, page, visited=[])
    return hop.code if isinstance(hop, FetchError) else await _fetched(fetcher, hop.url.text)


async def sitemap_entry(fetcher: Fetcher, _number: int, spelled: str) -> str:
    """Fetch what a sitemap lists."""
    allowed = "".join(sign for sign in spelled if sign >= " " or sign in "\t\n")
    body = f"<urlset><url><loc>{escape(allowed)}</loc></url></urlset>".encode()
    pieces = sitemap.pieces(body, url="http://control.test/sitemap.xml")
    entries = [entry for piece in pieces for entry in piece.entries]
    return await _fetched(fetcher, entries[0].url) if entries else "no_entry"


class FreeHosts:
    """Gives every host to whoever asks."""

    async def lease(self, origin: str) -> HostLease:
        return HostLease(id=2, origin=origin, epoch=1, ledger=Ledger())

    async def give_back(self, news: HostNews) -> None:
        """Nothing is written."""


async def robots_redirect(fetcher: Fetcher, number: int, _spelled: str) -> str:
    """Have a host's robots.txt lead there."""
    clock = FakeClock()
    lease = HostLease(id=1, origin=f"http://r{number}.control.test", epoch=1, ledger=Ledger())
    host = HeldHost(lease, clock)
    claim = Claim(
        id=1,
        rules=some_rules(obey_robots=True),
        host=1,
        backlog=1,
        epoch=1,
        url=f"{lease.origin}/",
        key=bytes(16),
        depth=0,
        priority=5,
    )
    host.add([claim])
    others = Neighbours(named=FreeHosts(), fetcher=fetcher, clock=clock)
    await robots.refresh(host, fetcher=fetcher, others=others, clock=clock, claim=claim)
    return host.ledger.robots_reason or str(host.ledger.robots_state)


async def http2(fetcher: Http2Fetcher, _number: int, spelled: str) -> str:
    """Fetch what a person registered with `https://` where HTTP/2 may be spoken."""
    return await _fetched(fetcher, spelled.replace("http:", "https:", 1))


async def through_proxy(fetcher: Fetcher, _number: int, spelled: str) -> str:
    """Have a proxy that may be reached fetch it."""
    return await _fetched(fetcher, spelled, proxy=Proxy(url="http://control.test:8080"))


async def as_proxy(fetcher: Fetcher, _number: int, spelled: str) -> str:
    """Go through it to a page that may be reached."""
    try:
        proxy = Proxy(url=canonical(spelled).origin)
    except BadUrl:
        return "bad_url"
    return await _fetched(fetcher, "http://control.test/", proxy=proxy)


async def webhook(sender: Sender, spelled: str) -> str:
    """Send an event there."""
    try:
        url = canonical(spelled)
    except BadUrl:
        return "bad_url"
    outcome = await sender.post(url.text, b"{}", {})
    return outcome.error.code if isinstance(outcome, Failed) else "fetched"


async def _fetched(fetcher: Fetcher | Http2Fetcher, spelled: str, *, proxy: Proxy | None = None) -> str:
    try:
        url = canonical(spelled)
    except BadUrl:
        return "bad_url"
    outcome = await fetcher.fetch(Request(url=url.text, proxy=proxy))
    if outcome is None:
        return "not_offered"
    return outcome.error.code if isinstance(outcome, Failed) else "fetched"
