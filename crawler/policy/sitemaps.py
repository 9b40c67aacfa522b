"""What is believed of sitemaps: which URLs one may list, and when a listed page changed (sitemaps.org)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from crawler.urls import canonical, key_of, registrable_domain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.urls import Url

MOST_NESTED: Final = 3
MOST_A_RUN: Final = 10_000
"""Sitemaps that one run asks for: what an index lists beyond that is left out, and said."""

_ROBOTS: Final = "/robots.txt"
_LONGEST_TIME: Final = 50
_MONTH: Final = re.compile(r"(\d{4})(?:-(\d\d))?")
_DAY: Final = timedelta(days=1)


def as_sitemap(url: Url, *, named_by: str = "") -> Url:
    """Return `url` with a key of its own, as it may be a page, too.

    One that robots.txt of another site names is another sitemap than the same URL elsewhere, because
    what it may list is.
    """
    foreign = named_by and _domain(named_by) != registrable_domain(url.host)
    name = f"sitemap {named_by if foreign else ''} {url.text}"
    return replace(url, key=key_of(name))


def robots_of(origin: str) -> str:
    """Return the URL of the robots.txt that may name the sitemaps of a host."""
    return origin + _ROBOTS


def named_by(via: tuple[str, ...]) -> str:
    """Return the robots.txt that named a sitemap reached by `via`; empty when a person did."""
    return via[0] if via and canonical(via[0]).path == _ROBOTS else ""


@dataclass(frozen=True, slots=True)
class Trust:
    """Which URLs a sitemap may list.

    Those of its own registrable domain always; others only when their host's robots.txt named the
    sitemap, or when a person gave it by hand and the target starts on their domain.
    """

    domains: frozenset[str]
    origin: str = ""

    def covers(self, url: Url) -> bool:
        return registrable_domain(url.host) in self.domains or url.origin == self.origin


def trust(url: str, *, via: tuple[str, ...], home: Iterable[str]) -> Trust:
    """Return what the sitemap at `url` may list, in a run that starts at the origins `home`."""
    own = _domain(url)
    robots = named_by(via)
    if robots:
        return Trust(frozenset({own}), robots.removesuffix(_ROBOTS))
    return Trust(frozenset({own, *(_domain(origin) for origin in home)}))


def _domain(url: str) -> str:
    return registrable_domain(canonical(url, keep_tracking=True).host)


@dataclass(frozen=True, slots=True)
class Changed:
    """When a listed page is said to have changed: at `at`, or later, but before `until`."""

    at: datetime
    until: datetime


def changed(lastmod: str | None, *, now: datetime) -> Changed | None:
    """Return what `lastmod` says; None when it says nothing, makes no sense, or lies in the future.

    W3C dates (2024, 2024-05, 2024-05-06, 2024-05-06T07:08Z) and those of mail are read. A time
    without a zone is in UTC; a day may be that of any zone.
    """
    found = _read(lastmod.strip()) if lastmod and len(lastmod) <= _LONGEST_TIME else None
    return found if found is not None and found.at <= now + _DAY else None


def is_older(change: Changed | None, after: datetime | None) -> bool:
    """Say whether an entry certainly did not change since `after`: what is not known has changed."""
    return after is not None and change is not None and change.until <= after


def _read(text: str) -> Changed | None:
    try:
        return _month(text) or _iso(text)
    except (ValueError, OverflowError):
        pass
    try:
        return _at(parsedate_to_datetime(text))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _month(text: str) -> Changed | None:
    found = _MONTH.fullmatch(text)
    if found is None:
        return None
    first = datetime(int(found[1]), int(found[2] or 1), 1, tzinfo=UTC)
    return Changed(first, first + (366 * _DAY if found[2] is None else 31 * _DAY) + _DAY)


def _iso(text: str) -> Changed:
    moment = datetime.fromisoformat(text)
    if len(text) <= len("2024-05-06"):
        day = moment.replace(tzinfo=UTC)
        return Changed(day, day + 2 * _DAY)
    return _at(moment)


def _at(moment: datetime) -> Changed:
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return Changed(moment, moment + timedelta(seconds=1))
