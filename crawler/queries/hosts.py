"""The politeness ledger for display: who is asked how often, and what holds a host back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Q

from crawler.models import Backlog, Host, Run, Slice
from crawler.queries.paging import Listing, listing
from crawler.stores import processes

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.db.models import QuerySet


class Shown(StrEnum):
    """Which hosts a list shows."""

    ALL = "all"
    BUSY = "busy"
    TROUBLED = "troubled"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLine:
    """A host with what a list says about it: how many runs wait for it, and which machine holds it."""

    host: Host
    runs_waiting: int
    priority: int | None
    node: str


def visible(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Host]:
    """Return the hosts that runs of `user` have to do with; an administrator sees all."""
    if getattr(user, "is_superuser", False):
        return Host.objects.all()
    runs = Run.objects.visible_to(user)
    return Host.objects.filter(pk__in=Backlog.objects.filter(run__in=runs).values("host"))


def page(
    user: AbstractBaseUser | AnonymousUser,
    *,
    q: str = "",
    shown: Shown = Shown.ALL,
    cursor: str | None = None,
    size: int = 50,
) -> Listing[HostLine]:
    """Return a page of the hosts `user` may see, by origin. Raises BadCursor."""
    found = visible(user).defer("robots_body")
    if q:
        found = found.filter(origin__icontains=q.strip())
    match shown:
        case Shown.BUSY:
            found = found.filter(~Q(lease_owner="") | Q(due_at__isnull=False))
        case Shown.TROUBLED:
            found = found.filter(Q(failures__gt=0) | Q(robots_failures__gt=0) | ~Q(hold_reason=""))
        case Shown.ALL:
            pass
    rows = listing(found, order=("origin",), cursor=cursor, size=size)
    waiting = _waiting([host.pk for host in rows.rows])
    owners = [host.lease_owner for host in rows.rows if host.lease_owner]
    nodes = dict(Slice.objects.filter(owner__in=owners).values_list("owner", "node")) if owners else {}
    return rows.map(
        lambda host: HostLine(
            host=host,
            runs_waiting=waiting.get(host.pk, (0, None))[0],
            priority=waiting.get(host.pk, (0, None))[1],
            node=processes.machine(nodes.get(host.lease_owner, "")),
        )
    )


def _waiting(hosts: list[int]) -> dict[int, tuple[int, int | None]]:
    found = Backlog.objects.filter(host__in=hosts, open=True, due_at__isnull=False).values("host")
    grouped = found.annotate(runs=Count("run", distinct=True), top=Max("priority"))
    return {row["host"]: (row["runs"], row["top"]) for row in grouped}
