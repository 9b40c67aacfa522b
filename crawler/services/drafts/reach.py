"""Which start URLs name an address that no run will contact."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from crawler import conf
from crawler.policy.addresses import AddressPolicy, BadAllow, parse_allow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_NAMED: Final = 10
WHY: Final = (
    "is not on the public web, so no run contacts it; "
    "an operator can allow its network and port with EGRESS_ALLOW"
)


def refused(urls: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the position of each URL whose address is refused, and why; at most ten.

    Only addresses are judged: which one a name leads to is for the guard to say at each connection.
    """
    try:
        policy = AddressPolicy(allow=parse_allow(conf.crawl().egress_allow))
    except BadAllow:
        return
    found = [(index, url) for index, url in enumerate(urls) if not _may_pass(url, policy)]
    for index, url in found[:MOST_NAMED]:
        yield index, f"{url} {WHY}"


def _may_pass(url: str, policy: AddressPolicy) -> bool:
    parts = urlsplit(url)
    try:
        address = ip_address(parts.hostname or "")
    except ValueError:
        return True
    return policy.permits(address, parts.port or (443 if parts.scheme == "https" else 80))
