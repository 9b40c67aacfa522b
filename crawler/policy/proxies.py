"""A target's proxies: which one is next, and how long one that failed rests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit

from crawler.http import Proxy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

FIRST_REST: Final = timedelta(seconds=30)
LONGEST_REST: Final = timedelta(minutes=30)
MOST_IN_A_ROW: Final = 3
"""How many proxies one request is tried through: none of those that failed has sent it."""

HIDDEN: Final = "(hidden)"
SCHEMES: Final = ("http", "https")


class BadProxy(ValueError):
    """No address of a proxy that can be used; the message says what to do."""


def parse(text: str) -> Proxy:
    """Read `http://user:password@host:port`; raises BadProxy."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise BadProxy("is no address of a proxy; write it like http://proxy.example.org:8080") from None
    if parts.scheme.startswith("socks"):
        raise BadProxy("SOCKS is not spoken; use a proxy that speaks http or https")
    if parts.scheme not in SCHEMES or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise BadProxy("is no address of a proxy; write it like http://proxy.example.org:8080")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Proxy(
        url=f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'https' else 80)}",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def written(proxy: Proxy) -> str:
    """Return a proxy as it is stored: with its credentials."""
    return _with_user(proxy, quote(proxy.password, safe=""))


def shown(proxy: Proxy) -> str:
    """Return a proxy as people may see it: `HIDDEN` instead of its password."""
    return _with_user(proxy, HIDDEN if proxy.password else "")


def _with_user(proxy: Proxy, password: str) -> str:
    if not proxy.user:
        return proxy.url
    scheme, _, place = proxy.url.partition("://")
    return f"{scheme}://{quote(proxy.user, safe='')}:{password}@{place}"


def key_of(proxy: Proxy) -> bytes:
    return sha256(f"{proxy.user}@{proxy.url}".encode()).digest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a proxy does: its failures in a row, the last of them, and until when it rests."""

    key: bytes
    changed_at: datetime
    failures: int = 0
    error: str = ""
    rests_until: datetime | None = None


class ProxyPool:
    """The proxies of one run in this process, in turns; those that rest come last."""

    def __init__(self, proxies: Sequence[Proxy]) -> None:
        self._proxies = {key_of(proxy): proxy for proxy in proxies}
        self._health: dict[bytes, Health] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._proxies)

    def next(self, *, now: datetime, without: Collection[Proxy] = ()) -> Proxy | None:
        """Return whose turn it is, and who rests least when all rest; None when all were tried."""
        keys = [key for key, proxy in self._proxies.items() if proxy not in without]
        if not keys:
            return None
        awake = [key for key in keys if self._rests_until(key, now) <= now]
        if not awake:
            return self._proxies[min(keys, key=lambda key: self._rests_until(key, now))]
        self._turn += 1
        return self._proxies[awake[self._turn % len(awake)]]

    def note(self, proxy: Proxy, error: str, *, now: datetime) -> Health | None:
        """Note how a request through `proxy` went, `error` empty when well; return what that changed."""
        key = key_of(proxy)
        known = self._health.get(key)
        if not error and (known is None or not known.failures):
            return None
        failures = known.failures + 1 if error and known else int(bool(error))
        rest = min(FIRST_REST * (1 << min(failures - 1, 10)), LONGEST_REST) if error else None
        until = None if rest is None else now + rest
        health = Health(key=key, changed_at=now, failures=failures, error=error[:200], rests_until=until)
        self._health[key] = health
        return health

    def learn(self, told: Iterable[Health]) -> None:
        """Take over what other processes noted later."""
        for health in told:
            known = self._health.get(health.key)
            if health.key in self._proxies and (known is None or known.changed_at < health.changed_at):
                self._health[health.key] = health

    def _rests_until(self, key: bytes, now: datetime) -> datetime:
        health = self._health.get(key)
        return (health.rests_until if health else None) or now


def restored(proxy: Proxy, stored: Iterable[Proxy]) -> Proxy:
    """Return `proxy` with its stored password where the placeholder for it was sent back."""
    if proxy.password != HIDDEN:
        return proxy
    for known in stored:
        if (known.url, known.user) == (proxy.url, proxy.user):
            return replace(proxy, password=known.password)
    raise BadProxy("needs its password again: its address or user has changed")
