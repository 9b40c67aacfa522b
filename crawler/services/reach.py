"""Which start URLs lie where the egress guard lets nobody go, told before a run is spent on them."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfReach:
    """A URL that no run contacts, with its position; `port` where that alone is why, None for its address."""

    index: int
    url: str
    port: int | None


def refused(
    urls: Iterable[str], *, allow: str, look_up: Callable[[str], list[Address]] = named
) -> list[OutOfReach]:
    """Return the URLs whose address or port is refused. Raises BadAllow.

    What decides is the guard at each connection, so a URL whose address is not known here passes, unless
    its port is open on none: what `look_up` raises of OSError and ValueError is its answer.
    """
    policy = AddressPolicy(allow=parse_allow(allow), own=own_addresses())
    judged = (_judge(index, url, policy, look_up) for index, url in enumerate(urls))
    return [found for found in judged if found is not None]


def _judge(
    index: int, url: str, policy: AddressPolicy, look_up: Callable[[str], list[Address]]
) -> OutOfReach | None:
    parts = urlsplit(url)
    port = parts.port or WEB_PORT[parts.scheme]
    try:
        addresses = look_up(parts.hostname or "")
    except (OSError, ValueError):
        addresses = []
    if policy.opens(port) and all(policy.permits(address, port) for address in addresses):
        return None
    is_public = all(policy.permits(address, WEB_PORT["https"]) for address in addresses)
    return OutOfReach(index=index, url=url, port=port if is_public else None)
