"""How a look at all of a target's versions, for those that it keeps no longer, goes on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crawler.policy.versions import Beyond, Keeping, Version, Worn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a look is: page by page for what is worn, then, newest first, for what has no room (`by_end`).

    `page` or `ended_at` and `version` are those of the version that was looked at last, None before the
    first; `count` and `noise` are what `Worn` or `Beyond` has counted until there. What comes meanwhile in
    front of a place is not counted: too little is removed then, and the next look sees it.
    """

    by_end: bool = False
    page: int | None = None
    ended_at: datetime | None = None
    version: int | None = None
    count: int = 0
    noise: int = 0

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Place:
        ended_at = stored.get("ended_at")
        moment = datetime.fromisoformat(ended_at) if ended_at is not None else None
        return cls(**{**stored, "ended_at": moment})

    def stored(self) -> dict[str, Any]:
        """Return it as JSON; nothing for the beginning."""
        if self == Place():
            return {}
        ended_at = self.ended_at.isoformat() if self.ended_at is not None else None
        return {
            "by_end": self.by_end,
            "page": self.page,
            "ended_at": ended_at,
            "version": self.version,
            "count": self.count,
            **({"noise": self.noise} if self.noise else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to remove, and where to go on; the look has come to its end where `is_last`."""

    gone: tuple[int, ...]
    place: Place
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many versions a step looks at and removes."""

    looked_at: int
    removed: int


def step(place: Place, found: Sequence[Version], keeping: Keeping, *, bounds: Bounds, now: datetime) -> Step:
    """Return what follows from the versions after `place`: as many as a step looks at, fewer at the end."""
    chosen = _chosen(place, keeping, now)
    gone: list[int] = []
    for version in found:
        if chosen.takes(version):
            gone.append(version.id)
        if len(gone) == bounds.removed:
            return Step(gone=tuple(gone), place=_at(chosen, version), is_last=False)
    if len(found) == bounds.looked_at:
        return Step(gone=tuple(gone), place=_at(chosen, found[-1]), is_last=False)
    if place.by_end or keeping.megabytes is None:
        return Step(gone=tuple(gone), place=Place(), is_last=True)
    return Step(gone=tuple(gone), place=Place(by_end=True), is_last=False)


def _chosen(place: Place, keeping: Keeping, now: datetime) -> Worn | Beyond:
    if place.by_end:
        return Beyond(keeping, place.count)
    return Worn(keeping, now, place.page, place.count, place.noise)


def _at(chosen: Worn | Beyond, version: Version) -> Place:
    if isinstance(chosen, Beyond):
        return Place(by_end=True, ended_at=version.ended_at, version=version.id, count=chosen.count)
    return Place(page=version.page, version=version.id, count=chosen.count, noise=chosen.noise)
