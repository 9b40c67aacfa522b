"""A run's cookies in one process: what is sent, what is kept, and what others have stored meanwhile."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crawler.policy.cookies import cookie as cookies
from crawler.urls import registrable_domain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.policy.cookies.cookie import Cookie
    from crawler.urls import Url

MAX_A_DOMAIN: Final = 180
MAX_COOKIES: Final = 3_000
SAME_END: Final = timedelta(minutes=1)
_GONE: Final = timedelta(microseconds=1)


class CookieJar:
    """The cookies of one run, as far as this process knows them; belongs to one thread.

    What changes it is said in cookies, removals as expired ones without a value. Applied to another
    jar, in any order and any number of times, they make the same of it: the latest change of each
    cookie holds.
    """

    def __init__(self) -> None:
        self._kept: dict[bytes, Cookie] = {}
        self._removed: dict[bytes, Cookie] = {}
        self._used: dict[bytes, int] = {}
        self._uses = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def changes(self) -> tuple[Cookie, ...]:
        """All that is known of the cookies: those kept, and the removals."""
        return (*self._kept.values(), *self._removed.values())

    def header(self, url: Url, *, now: datetime) -> str:
        """Return the Cookie field for `url`, "" for none; longer paths go first, then older cookies."""
        sent = [
            cookie for cookie in self._kept.values() if cookie.goes_to(url) and not cookie.has_expired(now)
        ]
        sent.sort(key=lambda cookie: (-len(cookie.path), cookie.created_at))
        for cookie in sent:
            self._use(cookie)
        return "; ".join(cookie.pair for cookie in sent)

    def receive(self, lines: Iterable[str], *, url: Url, now: datetime) -> tuple[Cookie, ...]:
        """Keep what the Set-Cookie fields of a response from `url` set; return what that changed."""
        changed: dict[bytes, Cookie] = {}
        for line in lines:
            found = cookies.read(line, url=url, now=now)
            if found is None or self._hides_a_secure_one(found, url) or self._has_the_same(found):
                continue
            changed[found.key] = self._put(found, now)
        if changed and len(self._kept) > MAX_A_DOMAIN:
            changed |= {cookie.key: cookie for cookie in self._make_room(now)}
        return tuple(changed.values())

    def merge(self, changes: Iterable[Cookie], *, now: datetime) -> None:
        """Take over what another process changed, where it did so later than this one."""
        for change in changes:
            known = self._kept.get(change.key) or self._removed.get(change.key)
            if known is None or known.changed_at < change.changed_at:
                self._set(change, now)

    def _has_the_same(self, found: Cookie) -> bool:
        """Say whether nothing would change: many sites send the same cookie with every page.

        An end that moves by less than a minute is the same one; later it counts.
        """
        kept = self._kept.get(found.key)
        if kept is None or (kept.value, kept.secure) != (found.value, found.secure):
            return False
        if kept.expires_at is None or found.expires_at is None:
            return kept.expires_at == found.expires_at
        return abs(kept.expires_at - found.expires_at) < SAME_END

    def _put(self, found: Cookie, now: datetime) -> Cookie:
        """Keep a cookie in place of the one before it, which it is as old as."""
        before = self._kept.get(found.key)
        if found.has_expired(now):
            found = _removal(found, now)
        elif before is not None:
            found = replace(found, created_at=before.created_at)
        self._set(found, now)
        return found

    def _set(self, cookie: Cookie, now: datetime) -> None:
        if cookie.has_expired(now):
            self._kept.pop(cookie.key, None)
            self._used.pop(cookie.key, None)
            self._removed[cookie.key] = cookie
        else:
            self._removed.pop(cookie.key, None)
            self._kept[cookie.key] = cookie
            self._use(cookie)

    def _use(self, cookie: Cookie) -> None:
        self._uses += 1
        self._used[cookie.key] = self._uses

    def _hides_a_secure_one(self, found: Cookie, url: Url) -> bool:
        """Say whether a page without TLS would cover a cookie of pages with it (§5.7 step 13)."""
        if found.secure or url.origin.startswith("https:"):
            return False
        return any(
            kept.secure
            and kept.name == found.name
            and (
                cookies.domain_matches(kept.domain, found.domain)
                or cookies.domain_matches(found.domain, kept.domain)
            )
            and cookies.path_matches(found.path, kept.path)
            for kept in self._kept.values()
        )

    def _make_room(self, now: datetime) -> list[Cookie]:
        """Remove what is too many, of each domain and in all: expired ones, then those used longest ago."""
        gone = [cookie for cookie in self._kept.values() if cookie.has_expired(now)]
        by_domain: dict[str, list[Cookie]] = defaultdict(list)
        for cookie in self._kept.values():
            if not cookie.has_expired(now):
                by_domain[registrable_domain(cookie.domain)].append(cookie)
        for of_domain in by_domain.values():
            gone += self._stalest(of_domain, len(of_domain) - MAX_A_DOMAIN)
        left = self._kept.keys() - {cookie.key for cookie in gone}
        gone += self._stalest([self._kept[key] for key in left], len(left) - MAX_COOKIES)
        removals = [_removal(cookie, now) for cookie in gone]
        for removal in removals:
            self._set(removal, now)
        return removals

    def _stalest(self, among: list[Cookie], count: int) -> list[Cookie]:
        if count <= 0:
            return []
        return sorted(among, key=lambda cookie: self._used[cookie.key])[:count]


def _removal(cookie: Cookie, now: datetime) -> Cookie:
    return replace(cookie, value="", changed_at=now, expires_at=now - _GONE)
