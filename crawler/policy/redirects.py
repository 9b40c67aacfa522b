"""Where a redirect leads, when it leads too far, and what must not travel along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from crawler.errors import RedirectError, RedirectLoop, TooManyRedirects
from crawler.http import OF_ONE_URL
from crawler.urls import BadUrl, Url, canonical, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawler.http import Fetched

MAX_HOPS: Final = 10
STATUSES: Final = frozenset({301, 302, 303, 307, 308})

# Everything else may be a secret: a person's own header often is.
_HARMLESS: Final = frozenset(
    {
        "accept",
        "accept-language",
        "cache-control",
        "dnt",
        "from",
        "pragma",
        "upgrade-insecure-requests",
        "user-agent",
    }
)


@dataclass(frozen=True, slots=True)
class Hop:
    """The next URL to ask for."""

    url: Url


def is_redirect(response: Fetched) -> bool:
    """Say whether the page is said to be elsewhere; `follow` tells where, or that it leads nowhere."""
    return response.status in STATUSES


def follow(
    request_url: str,
    fetched: Fetched,
    *,
    visited: Sequence[str],
    max_hops: int = MAX_HOPS,
    returns: bool = False,
) -> Hop | RedirectError:
    """Return where the redirect `fetched`, the answer to `request_url`, leads.

    `visited` are the canonical URLs of the chain so far, with or without `request_url`. The
    redirect error is a value to fail with: a loop, more than `max_hops`, or no usable Location. A
    chain that `returns` may come back once to each URL, where a cookie that was set on the way may
    make another page of it; there `visited` is without `request_url`.
    """
    location = fetched.headers.get("Location")
    if location is None:
        return RedirectError("the server redirects without saying where to")
    chain = [*visited, request_url]
    known = {url for url in chain if chain.count(url) > 1} if returns else set(chain)
    try:
        url = canonical(location, base=request_url)
        if url.text in known:
            # a tracking parameter that the site insists on makes no loop
            url = canonical(location, base=request_url, keep_tracking=True)
    except BadUrl as error:
        return RedirectError(f"the redirect leads nowhere: {error}")
    if url.text in known:
        return RedirectLoop()
    if (len(chain) if returns else len(known)) > max_hops:
        return TooManyRedirects(f"more than {max_hops} redirects in a row")
    return Hop(url)


def request_at(url: Url, chain: Sequence[str]) -> Url:
    """Return `url` as the request of a run to which the `chain` of redirects leads.

    Where the chain comes back to `url` that is another one than the first.
    """
    return replace(url, key=key_of(f"{url.text}\n{len(chain)}")) if url.text in chain else url


def request_behind(url: str, *, via: str, leads_to: str) -> Url | None:
    """Return the request to which a stored one was redirected; None where that leads nowhere.

    `url`, `via` and `leads_to` are as they are stored, the chain before `url` as lines.
    """
    try:
        place = canonical(leads_to, keep_tracking=True)
    except BadUrl:
        return None
    return request_at(place, (*via.split("\n"), url))


def headers_for(
    headers: Iterable[tuple[str, str]], *, origin: str, next_origin: str
) -> tuple[tuple[str, str], ...]:
    """Return which of a request's headers go along to the next hop.

    Validators belong to one URL and never do. Once scheme, host or port change, neither does
    anything that could be a secret: Authorization, Cookie, and every header of a person's own.
    """
    kept = ((name, value) for name, value in headers if name.lower() not in OF_ONE_URL)
    if origin == next_origin:
        return tuple(kept)
    return tuple((name, value) for name, value in kept if name.lower() in _HARMLESS)
