"""Which start URLs lie where the egress guard lets nobody go, told before a run is spent on them."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from crawler.fetch.guard import own_addresses
from crawler.policy.addresses import AddressPolicy, parse_allow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crawler.policy.addresses import Address

WEB_PORT: Final = {"http": 80, "https": 443}


def named(host: str) -> list[Address]:
    """Return the address that a URL names itself. Raises ValueError for a name, which is not looked up."""
    return [ip_address(host)]


def refused(
    urls: Iterable[str], *, allow: str, look_up: Callable[[str], list[Address]] = named
) -> list[tuple[int, str]]:
    """Return the URLs whose address is refused, each with its position. Raises BadAllow.

    What decides is the guard at each connection, so a URL whose address is not known here passes:
    what `look_up` raises of OSError and ValueError is its answer.
    """
    policy = AddressPolicy(allow=parse_allow(allow), own=own_addresses())
    return [(index, url) for index, url in enumerate(urls) if not _may_pass(url, policy, look_up)]


def _may_pass(url: str, policy: AddressPolicy, look_up: Callable[[str], list[Address]]) -> bool:
    parts = urlsplit(url)
    try:
        addresses = look_up(parts.hostname or "")
    except (OSError, ValueError):
        return True
    return all(policy.permits(address, parts.port or WEB_PORT[parts.scheme]) for address in addresses)
