"""Which earlier versions of pages a target keeps: so many of a page, for so many days, in so much room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

MEGABYTE: Final = 1_000_000


class Version(NamedTuple):
    """An earlier version of a page: until when it held, and what its stored body takes.

    What followed it differs `in_noise` alone, or that was not judged yet.
    """

    id: int
    page: int
    ended_at: datetime
    stored_size: int
    body_hash: bytes = b""
    in_noise: bool = False
    awaits_judgement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long versions stay; None is no bound of this kind.

    `versions` counts those of one page with the one that holds now, which always stays. Those whose
    followers differ in noise alone take no place among them: as many stay of their own, none of them for
    longer than what counts. `days` count
    from when a version was replaced. `megabytes` are what all earlier versions of the target take, as
    they are stored; a body that several of them have counts for each.
    """

    versions: int | None = None
    days: int | None = None
    megabytes: int | None = None


DEFAULT: Final = Keeping(versions=10, days=30)
"""What holds for targets that say nothing."""


def of(keep: Mapping[str, Any] | None) -> Keeping:
    """Return what a target's setting means; one that says nothing has `DEFAULT`."""
    return DEFAULT if keep is None else Keeping(**keep)


def leaving(versions: Collection[Version], keeping: Keeping, *, now: datetime) -> list[Version]:
    """Return those of all of a target's versions that it keeps no longer, in the order of their ids.

    Those that are too many or too old leave first; room is counted for those that stay.
    """
    worn = Worn(keeping, now)
    by_page = sorted(versions, key=lambda version: (version.page, version.id), reverse=True)
    gone = {version.id: version for version in by_page if worn.takes(version)}
    beyond = Beyond(keeping)
    staying = (version for version in versions if version.id not in gone)
    by_end = sorted(staying, key=lambda version: (version.ended_at, version.id), reverse=True)
    gone |= {version.id: version for version in by_end if beyond.takes(version)}
    return [gone[id_] for id_ in sorted(gone)]


@dataclass(slots=True)
class Worn:
    """Takes those that are too many for their page, or too old; asked page by page, of each the newest first.

    `count` are the versions of `page` that were passed and count, with the one that holds now, `noise` those
    whose followers differ in noise alone: it may go on from there with what was not asked about yet. One that
    awaits its judgement is counted by none of both, and stays until it is too old.
    """

    keeping: Keeping
    now: datetime
    page: int | None = None
    count: int = 1
    noise: int = 0

    def takes(self, version: Version) -> bool:
        if version.page != self.page:  # what the page is now comes before it
            self.page, self.count, self.noise = version.page, 1, 0
        days = self.keeping.days
        return self._is_too_many(version) or (
            days is not None and version.ended_at < self.now - timedelta(days=days)
        )

    def _is_too_many(self, version: Version) -> bool:
        most = self.keeping.versions
        if version.awaits_judgement:
            return False
        self.count += not version.in_noise
        self.noise += version.in_noise
        return most is not None and (self.count > most or (version.in_noise and self.noise >= most))


@dataclass(slots=True)
class Beyond:
    """Takes those for which there is no room: from the first that goes beyond it, all that are older.

    It is asked about all that stay for other reasons, those that were replaced last first; `count` are
    the bytes of those it was asked about.
    """

    keeping: Keeping
    count: int = 0

    def takes(self, version: Version) -> bool:
        self.count += version.stored_size
        return self.keeping.megabytes is not None and self.count > self.keeping.megabytes * MEGABYTE
