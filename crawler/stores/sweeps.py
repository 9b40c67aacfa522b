"""Keeps where looks at very many rows stopped, so that they go on there, one step after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.models import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

BODIES = "bodies"


def of_versions(target: int) -> str:
    """Return the name of the look at a target's versions."""
    return f"versions {target}"


def lock(name: str, *, now: datetime) -> dict[str, Any]:
    """Return where a look stopped, and keep others from going on until the caller's transaction ends."""
    Sweep.objects.bulk_create([Sweep(name=name, at=now)], ignore_conflicts=True)
    place: dict[str, Any] = Sweep.objects.select_for_update().get(name=name).place
    return place


def keep(name: str, place: dict[str, Any], *, now: datetime) -> None:
    """Say where a look goes on."""
    Sweep.objects.filter(name=name).update(place=place, at=now)


def longest_ago(targets: Iterable[int]) -> list[int]:
    """Return targets in the order in which their versions were last seen to, those that never were first."""
    seen = dict(Sweep.objects.exclude(name=BODIES).values_list("name", "at"))
    never, named = [], []
    for target in sorted(targets):
        at = seen.get(of_versions(target))
        if at is None:
            never.append(target)
        else:
            named.append((at, target))
    return [*never, *(target for _at, target in sorted(named))]


def forget(target: int) -> None:
    """Forget the look at the versions of a target that is removed."""
    Sweep.objects.filter(name=of_versions(target)).delete()
