"""Versions of pages for display: those of one page, and what a target's rules would let go of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from django.db.models import Count

from crawler.models import Page, PageVersion
from crawler.policy import versions as policy
from crawler.stores import sql, versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.policy.versions import Keeping, Version

MOST: Final = 100_000
"""How many versions of a target an outlook looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a target has of earlier versions, and what rules would let go of at the next clean-up.

    `bytes` are those of all versions, as they are stored; `freed_bytes` those of bodies that nothing else
    has. `is_whole` unless there are more versions than were looked at: then all figures are of those.
    """

    versions: int
    bytes: int
    leaving: int
    freed_bytes: int
    is_whole: bool


def outlook(target: int, keeping: Keeping, *, now: datetime) -> Outlook:
    """Return what these rules would let go of; nothing is changed."""
    found = list(islice(versions.by_page(target), MOST + 1))
    seen = found[:MOST]
    gone = policy.leaving(seen, keeping, now=now)
    return Outlook(
        versions=len(seen),
        bytes=sum(version.stored_size for version in seen),
        leaving=len(gone),
        freed_bytes=_freed(gone),
        is_whole=len(found) == len(seen),
    )


def _freed(gone: Sequence[Version]) -> int:
    """Return what the bodies take that only these versions have."""
    sizes = {version.body_hash: version.stored_size for version in gone}
    leaving = Counter(version.body_hash for version in gone)
    freed = 0
    for chunk in sql.chunks(sorted(sizes)):
        pages = Page.objects.filter(body_hash__in=chunk).values_list("body_hash", flat=True).distinct()
        kept = set(map(bytes, pages))
        rows = PageVersion.objects.filter(body_hash__in=chunk).values_list("body_hash")
        all_of = {bytes(hash_): count for hash_, count in rows.annotate(count=Count("pk"))}
        freed += sum(sizes[h] for h in chunk if h not in kept and all_of.get(h, 0) <= leaving[h])
    return freed
