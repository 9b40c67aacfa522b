"""Whether a terminal's start URLs lie where the egress guard lets anybody go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from crawler.errors import Refused
from crawler.fetch.guard import look_up, own_addresses
from crawler.policy.addresses import AddressPolicy, BadAllow, parse_allow
from crawler.services.terminal.asked import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_LOOKED_UP: Final = 20


def require_allowed(urls: Iterable[str], *, allow: str) -> None:
    """Raise Refusal for a start URL whose address may not be contacted, naming EGRESS_ALLOW.

    It spares the person a run that can only fail; what decides is the guard at each connection.
    A name that cannot be looked up is left to the run, which tries more than once.
    """
    try:
        policy = AddressPolicy(allow=parse_allow(allow), own=own_addresses())
    except BadAllow as error:
        raise Refusal(f"EGRESS_ALLOW: {error}") from None
    refused = [url for url in list(urls)[:MOST_LOOKED_UP] if not _is_allowed(url, policy)]
    if refused:
        raise Refusal(*(f"URL {url}: {Refused.summary}" for url in refused))


def _is_allowed(url: str, policy: AddressPolicy) -> bool:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        addresses = look_up(parts.hostname or "")
    except (OSError, UnicodeError):
        return True
    return all(policy.permits(address, port) for address in addresses)
