"""What other rules would do with the URLs of a run: which they would follow besides, and which no more."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from crawler.errors import OUTSIDE, RobotsForbidden
from crawler.frontier.traps import ALIKE, TOO_MANY_VARIANTS

if TYPE_CHECKING:
    from crawler.frontier.scope import Scope
    from crawler.urls import Url

SAMPLES: Final = 100
LIMIT: Final = "max_pages"
OF_SITEMAPS: Final = frozenset({"foreign", "unchanged"})
"""What left an entry of a sitemap out before its scope was asked; only a run can tell it anew."""

ORPHAN: Final = "parent"
START: Final = "start"
MOST_IDS: Final = 1 << 26
"""How far apart the ids of a run's dropped requests may lie and be remembered: 8 MiB."""

WORDS: Final = {
    LIMIT: "is beyond the page limit",
    ORPHAN: "was found on a page that is dropped; another page may link to it",
    START: "is a start URL",
    RobotsForbidden.code: "is forbidden by robots.txt",
}
"""What is true of a URL for these reasons; those of a scope are in `errors.OUTSIDE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the changed settings say, and the scope that the run had `before`.

    `rejudges` is whether robots.txt must be asked of every URL again.
    """

    scope: Scope
    starts: frozenset[str]
    before: Scope | None = None
    max_pages: int | None = None
    obeys: bool = True
    rejudges: bool = False


class Past(NamedTuple):
    """A request of the run: `out` is the code for which it was not fetched, `counts` whether it is a page.

    `hop_of_start` is whether a start URL led there. `forbidden` is whether robots.txt, as it is known now,
    forbids it.
    """

    id: int
    url: Url
    depth: int
    parent: int | None
    out: str = ""
    counts: bool = True
    forbidden: bool = False
    hop_of_start: bool = False


class Sample(NamedTuple):
    """One URL, and the code of what decided."""

    url: str
    reason: str


@dataclass(slots=True)
class Side:
    """URLs that fare otherwise under the changed rules: how many by reason, and the first of them."""

    reasons: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.reasons.total()

    @property
    def by_reason(self) -> list[tuple[str, int]]:
        """Return the reasons with their counts, the largest first."""
        return self.reasons.most_common()

    def add(self, url: Url, reason: str) -> None:
        self.reasons[reason] += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(Sample(url.text, reason))


class Comparison:
    """Compares what a run did with what it would do, one URL after the other, in the order they were found.

    It keeps counts, a hundred samples a side, and a bit for each request that is dropped: what was found
    on such a page is dropped with it.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.followed, self.dropped = Side(), Side()
        self.kept = self.still_out = 0
        self._used = 0
        self._first: int | None = None
        self._gone = bytearray()

    def request(self, past: Past) -> None:
        """Take in a request of the run; earlier ones come first."""
        reason = self._refusal(past)
        counts = past.counts or bool(past.out)
        if reason is None and counts:
            reason = self._take_place()
        if reason is not None:
            self._lose(past.id)
        if past.out:
            self._of_what_was_out(past.url, past.out, reason)
        elif reason is None:
            self.kept += 1
        else:
            self.dropped.add(past.url, reason)

    def outside(self, url: Url, *, was: str, depth: int) -> None:
        """Take in a link that the run did not follow, because of `was`."""
        stays = was in OF_SITEMAPS or (was in {TOO_MANY_VARIANTS, ALIKE} and self._still_bounds(was))
        reason = was if stays else self._rules.scope.refusal(url, depth=depth)
        if url.text in self._rules.starts:
            reason = None
        self._of_what_was_out(url, was, reason or self._take_place())

    def spare(self, url: Url, *, depth: int) -> None:
        """Take in a link that was beyond the page limit."""
        reason = self._rules.scope.refusal(url, depth=depth)
        self._of_what_was_out(url, LIMIT, reason or self._take_place())

    def is_dropped(self, request: int) -> bool:
        """Say whether a request that was taken in is dropped: what stands on its page is not found then."""
        return self._is_lost(request)

    def start(self, url: Url) -> None:
        """Take in a start URL that the run did not have."""
        self.followed.add(url, START)

    def _refusal(self, past: Past) -> str | None:
        if past.url.text not in self._rules.starts:
            reason = None if past.hop_of_start else self._refusal_of_scope(past)
            if reason is not None:
                return reason
            if past.parent is not None and self._is_lost(past.parent):
                return ORPHAN
        if past.out == ALIKE and self._still_bounds(ALIKE):
            return ALIKE
        return RobotsForbidden.code if self._is_forbidden(past) else None

    def _refusal_of_scope(self, past: Past) -> str | None:
        """Return why the scope keeps a request out.

        The run asked for some whatever depth and patterns say, because they go on with a list or a record:
        those are judged so again.
        """
        scope, before = self._rules.scope, self._rules.before
        reason = scope.refusal(past.url, depth=past.depth)
        if reason is None or before is None or past.parent is None:
            return reason
        went_on = before.refusal(past.url, depth=past.depth) is not None
        return scope.refusal(past.url, depth=past.depth, continues=True) if went_on else reason

    def _is_forbidden(self, past: Past) -> bool:
        if not self._rules.obeys:
            return False
        return past.forbidden if self._rules.rejudges else past.out == RobotsForbidden.code

    def _still_bounds(self, reason: str) -> bool:
        """Say whether the changed rules have that bound against traps at all."""
        traps = self._rules.scope.traps
        return (traps.alike if reason == ALIKE else traps.variants) is not None

    def _take_place(self) -> str | None:
        """Use up one of the pages that may be fetched; return why there is none."""
        if self._rules.max_pages is not None and self._used >= self._rules.max_pages:
            return LIMIT
        self._used += 1
        return None

    def _of_what_was_out(self, url: Url, was: str, reason: str | None) -> None:
        if reason is None:
            self.followed.add(url, was)
        else:
            self.still_out += 1

    def _lose(self, request: int) -> None:
        """Remember that a request is dropped."""
        if self._first is None:
            self._first = request
        place, bit = divmod(request - self._first, 8)
        if not 0 <= place < MOST_IDS // 8:
            return
        if place >= len(self._gone):
            self._gone.extend(bytes(place + 1 - len(self._gone)))
        self._gone[place] |= 1 << bit

    def _is_lost(self, request: int) -> bool:
        if self._first is None or request < self._first:
            return False
        place, bit = divmod(request - self._first, 8)
        return place < len(self._gone) and bool(self._gone[place] >> bit & 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a dry run found: `kept` URLs are followed as before, `still_out` are left out as before.

    `looked_at` of `requests` were compared; fewer where time ran out. Of `outside` links that the run
    did not follow `outside_known` different ones were compared, and of `beyond` the page limit
    `beyond_known`: those kept as samples, and what stands on `pages_read` of the `pages` it fetched.
    `unknown_hosts` have no robots.txt that is known, so nothing on them counts as forbidden.
    """

    is_partial: bool

    run: int
    followed: Side
    dropped: Side
    kept: int
    still_out: int
    looked_at: int
    requests: int
    outside: int
    outside_known: int
    beyond: int
    beyond_known: int
    pages_read: int
    pages: int
    unknown_hosts: int


def words(reason: str) -> str:
    """Return what is true of a URL for `reason`."""
    return WORDS.get(reason) or OUTSIDE.get(reason, reason)
