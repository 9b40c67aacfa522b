"""How the proxies of a target do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.policy import proxies
from crawler.stores import proxies as stored

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.models import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyLine:
    """One proxy without its password: the last trouble it had, and until when it rests."""

    proxy: str
    failures: int = 0
    error: str = ""
    rests_until: datetime | None = None


def lines(target: Target, *, now: datetime) -> list[ProxyLine]:
    """Return the target's proxies as they were given, each with its state."""
    if not target.proxies:
        return []
    health = {known.key: known for known in stored.of_target(target.pk)}
    found = []
    for proxy in map(proxies.parse, target.proxies):
        known = health.get(proxies.key_of(proxy))
        until = known.rests_until if known and known.rests_until and known.rests_until > now else None
        found.append(
            ProxyLine(
                proxy=proxies.shown(proxy),
                failures=known.failures if known else 0,
                error=known.error if known else "",
                rests_until=until,
            )
        )
    return found
