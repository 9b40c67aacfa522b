"""Takes back what processes held that are gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from crawler import conf
from crawler.stores import leases, outages, processes

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)


def free_on_this_node(*, now: datetime) -> int:
    """Free at once what processes of this machine held that do not exist any more; return how many."""
    gone = [owner for owner in leases.of_node(processes.node()) if processes.is_gone(owner)]
    return sum(_free(owner, now=now, lost=True) for owner in gone)


def free_expired(*, now: datetime) -> int:
    """Free what slices held that were not renewed for a whole lease, wherever they ran.

    And what is held in the name of slices that were given up already, but came back for a moment.
    Nothing counts as lost of a slice that an outage of the database kept from renewing its row.
    """
    expired = leases.expired(now=now, lease_time=conf.crawl().lease_time)
    freed = sum(_free(owner, now=now, lost=not _was_kept(owner, now=now)) for owner in expired)
    return freed + sum(_free(owner, now=now, lost=True) for owner in leases.orphaned())


def _was_kept(owner: str, *, now: datetime) -> bool:
    renewed_at = leases.last_renewal(owner)
    return renewed_at is not None and outages.covers(renewed_at, now)


def _free(owner: str, *, now: datetime, lost: bool) -> bool:
    freed = leases.free(owner, now=now, lost=lost)
    log.warning(
        "a slice vanished; what it held is free again",
        extra={"owner": owner, "hosts": freed.hosts, "requests": freed.requests, "dead": freed.dead},
    )
    return True
