"""Whether a run saw all of its target, so that what it did not see may be gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_MISSED: Final = 0.01
"""The share of requests, and of pages that were not read whole, with which a run still counts."""

GONE: Final = frozenset({"status-404", "status-410"})
"""Reasons that say a page is not there any more: nothing on it was missed."""
FORBIDDEN: Final = frozenset({"robots"})
"""Reasons that hold for one run as for the next."""
UNREACHABLE: Final = "robots_unreachable"
LOSES_RECORDS: Final = frozenset(
    {
        "item_too_large",
        "key_missing",
        "missing_required",
        "nested_too_deep",
        "reader_failed",
        "reader_timed_out",
        "record_not_completed",
        "scraper_raised",
        "too_many_items",
        "too_much_memory",
    }
)
"""Problems with which records of a page may not have been read."""


DRIFTED: Final = "its data looks otherwise than before, and nobody has taken that for usual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a run went: `ended_by` is empty when nothing waited any more.

    `reasons` counts requests that gave no page by the code of their reason, `damaged` pages with problems
    by their code, `usual` the part, 0 to 1, of the pages that always has them: many have no record, and lack
    its key in each run; `known` says whether the target had items before, `drifted` whether the run's data
    looks otherwise than before.
    """

    ended_by: str = ""
    is_refresh: bool = False
    since: str = ""
    discovered: int = 0
    pages: int = 0
    left_out: int = 0
    items: int = 0
    known: bool = False
    without_page: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    damaged: Mapping[str, int] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)
    drifted: bool = False


def why_less(course: Course) -> str:
    """Return why a run did not see all of its target; empty when it did."""
    if course.is_refresh:
        return "it asked for known pages only"
    if course.ended_by:
        return course.ended_by
    if course.since:
        return f"it read only what its sitemaps say has changed ({course.since})"
    if course.left_out:
        return f"its page limit left out {course.left_out:,} links"
    return _unreached(course) or _unread(course) or _empty(course) or (DRIFTED if course.drifted else "")


def _unreached(course: Course) -> str:
    if course.reasons.get(UNREACHABLE):
        return "robots.txt of a host could not be had, so none of its pages was asked for"
    excused = sum(course.reasons.get(reason, 0) for reason in GONE | FORBIDDEN)
    missed = course.without_page - excused
    if missed <= MOST_MISSED * course.discovered:
        return ""
    others = {reason: count for reason, count in course.reasons.items() if reason not in GONE | FORBIDDEN}
    most = f", most of them for {max(others, key=lambda name: others[name])}" if others else ""
    return f"{missed:,} of {course.discovered:,} requests gave no page{most}"


def _unread(course: Course) -> str:
    damaged = {
        code: pages
        for code, pages in course.damaged.items()
        if code in LOSES_RECORDS and pages > (MOST_MISSED + course.usual.get(code, 0.0)) * course.pages
    }
    if not damaged:
        return ""
    code, pages = max(damaged.items(), key=lambda one: one[1])
    return f"records may be missing from {pages:,} of {course.pages:,} pages ({code})"


def _empty(course: Course) -> str:
    return "it read no item at all" if course.known and not course.items else ""
