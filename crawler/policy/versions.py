"""Which earlier versions of pages a target keeps: so many of a page, for so many days, in so much room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

MEGABYTE: Final = 1_000_000


class Version(NamedTuple):
    """An earlier version of a page: until when it held, and what its stored body takes."""

    id: int
    page: int
    ended_at: datetime
    stored_size: int
    body_hash: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long versions stay; None is no bound of this kind.

    `versions` counts those of one page with the one that holds now, which always stays. `days` count
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
    by_page = sorted(versions, key=lambda version: (version.page, version.id), reverse=True)
    gone = {version.id: version for version in worn(by_page, keeping, now=now)}
    staying = (version for version in versions if version.id not in gone)
    by_end = sorted(staying, key=lambda version: (version.ended_at, version.id), reverse=True)
    gone |= {version.id: version for version in beyond(by_end, keeping)}
    return [gone[id_] for id_ in sorted(gone)]


def worn(versions: Iterable[Version], keeping: Keeping, *, now: datetime) -> Iterator[Version]:
    """Yield those that are too many for their page, or too old.

    `versions` come page by page, of each page the newest first.
    """
    oldest = now - timedelta(days=keeping.days) if keeping.days is not None else None
    page, place = None, 1
    for version in versions:
        place = place + 1 if version.page == page else 2  # the first is what the page is now
        page = version.page
        too_many = keeping.versions is not None and place > keeping.versions
        if too_many or (oldest is not None and version.ended_at < oldest):
            yield version


def beyond(versions: Iterable[Version], keeping: Keeping) -> Iterator[Version]:
    """Yield those for which there is no room: from the first that goes beyond it, all that are older.

    `versions` are all that stay for other reasons, those that were replaced last first.
    """
    if keeping.megabytes is None:
        return
    room = keeping.megabytes * MEGABYTE
    for version in versions:
        room -= version.stored_size
        if room < 0:
            yield version
