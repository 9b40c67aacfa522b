"""Keeps where looks at very many rows stopped, so that they go on there, one step after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from crawler.models import Sweep
from crawler.queue import Work

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

BODIES: Final = "bodies"
VERSIONS: Final = "versions "
NOISE: Final = "noise "
RAN: Final = "ran "
NOTED_EVERY: Final = timedelta(seconds=15)


def of_versions(target: int) -> str:
    """Return the name of the look at a target's versions."""
    return f"{VERSIONS}{target}"


def of_noise(target: int) -> str:
    """Return the name of the judging of a target's changes."""
    return f"{NOISE}{target}"


def of_run(run: int) -> str:
    """Return the name of the look for items that a run did not see."""
    return f"run {run}"


def lock(name: str, *, now: datetime) -> dict[str, Any]:
    """Return where a look stopped, and keep others from going on until the caller's transaction ends."""
    row = Sweep(name=name, at=now)
    Sweep.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
    )  # one statement that inserts or locks: whoever forgets the look comes before it, or after this
    place: dict[str, Any] = Sweep.objects.get(name=name).place
    return place


def keep(name: str, place: dict[str, Any], *, now: datetime) -> None:
    """Say where a look goes on."""
    Sweep.objects.filter(name=name).update(place=place, at=now)


def longest_ago(targets: Iterable[int], *, kind: str = VERSIONS) -> list[int]:
    """Return targets in the order in which they were last seen to, those that never were first."""
    seen = dict(Sweep.objects.filter(name__startswith=kind).values_list("name", "at"))
    never, named = [], []
    for target in sorted(targets):
        at = seen.get(f"{kind}{target}")
        if at is None:
            never.append(target)
        else:
            named.append((at, target))
    return [*never, *(target for _at, target in sorted(named))]


def note_ran(work: Work, *, now: datetime) -> None:
    """Note that work which comes every few seconds was done; written once in a while only."""
    name = f"{RAN}{work.value}"
    near = (now - NOTED_EVERY, now + NOTED_EVERY)  # a clock that was ahead is put right
    if Sweep.objects.filter(name=name, at__range=near).exists():
        return
    row = Sweep(name=name, at=now)
    Sweep.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=["at"])


def last_ran() -> dict[Work, datetime]:
    """Return when work was last noted to be done, to `NOTED_EVERY`; without what never was."""
    names = {f"{RAN}{work.value}": work for work in Work}
    rows = Sweep.objects.filter(name__in=names).values_list("name", "at")
    return {names[name]: at for name, at in rows}


def forget(names: Collection[str]) -> None:
    """Forget looks that came to their end, or at what is removed."""
    Sweep.objects.filter(name__in=names).delete()
