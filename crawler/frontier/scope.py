"""How far a crawl may go: which links belong to a target."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import re2

from crawler.frontier.traps import AS_FOR_ALL, Traps
from crawler.urls import canonical, registrable_domain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.urls import Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The rules by which one run follows a link or leaves it.

    `kind` is page, prefix, host or domain; a link must lie within it, match one of `include`
    when there are any, and none of `exclude`. Patterns are RE2 expressions, searched in the
    canonical URL. What lies within all that may still be a trap.
    """

    kind: str
    starts: tuple[Url, ...]
    include: tuple[re2._Regexp, ...] = ()
    exclude: tuple[re2._Regexp, ...] = ()
    max_depth: int | None = None
    traps: Traps = AS_FOR_ALL
    _places: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", frozenset(self._place(url) for url in self.starts))

    def refusal(self, url: Url, *, depth: int, continues: bool = False) -> str | None:
        """Return why `url`, found at `depth` links from a start, is not followed; None when it is.

        The next page of a list, which `continues` it, only has to lie where the list may be.
        """
        if continues:
            return self._refusal_of_next(url, depth)
        if self.max_depth is not None and depth > self.max_depth:
            return "depth"
        if not self.covers(url):
            return self.kind
        if self.include and not any(pattern.search(url.text) for pattern in self.include):
            return "include"
        for pattern in self.exclude:
            if pattern.search(url.text):
                return "exclude"
        return self.traps.refusal(url, depth=depth, bounds_depth=self.max_depth is None)

    def _refusal_of_next(self, url: Url, depth: int) -> str | None:
        sites = {site(start) for start in self.starts} if self.kind == "page" else None
        if not (self.covers(url) if sites is None else site(url) in sites):
            return self.kind
        return self.traps.refusal(url, depth=depth, bounds_depth=self.max_depth is None)

    def covers(self, url: Url) -> bool:
        """Say whether `url` lies where the start URLs are, whatever the patterns say."""
        if self.kind == "prefix":
            place = site(url)
            return any(f"{place}{url.path}".startswith(prefix) for prefix in self._places)
        return self._place(url) in self._places

    def joined(self, url: Url) -> Scope:
        """Return this scope with the place of `url`, to which a start URL led."""
        return replace(self, starts=(*self.starts, url))

    def _place(self, url: Url) -> str:
        match self.kind:
            case "page":
                return url.text
            case "prefix":
                return site(url) + url.path.rpartition("/")[0] + "/"
            case "domain":
                return registrable_domain(url.host)
            case _:
                return site(url)


def site(url: Url) -> str:
    """Return what people mean by one site: name and port, without "www.", whatever the scheme."""
    return url.origin.partition("://")[2].removeprefix("www.")


def compile_scope(
    *,
    kind: str,
    starts: Sequence[str],
    include: Sequence[str],
    exclude: Sequence[str],
    max_depth: int | None,
    traps: Traps | None = None,
) -> Scope:
    """Return the scope of settings that were validated when they were saved."""
    options = re2.Options()
    options.log_errors = False
    return Scope(
        kind=kind,
        starts=tuple(canonical(url) for url in starts),
        include=tuple(re2.compile(pattern, options) for pattern in include),
        exclude=tuple(re2.compile(pattern, options) for pattern in exclude),
        max_depth=0 if kind == "page" else max_depth,
        traps=traps or AS_FOR_ALL,
    )
