"""Has exactly one target of a person by the name that settings say, as scripts that may run twice want it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import transaction

from crawler.models import Target
from crawler.services import drafts, targets
from crawler.services.drafts.timing import draft_of
from crawler.services.drafts.values import is_plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crawler.models import Schedule
    from crawler.services.drafts import Draft

REQUIRED = ("name", "start_urls")


class SeveralTargets(Exception):
    """More than one target has the name, so none of them is meant."""


def put(*, owner: User, data: Mapping[str, Any], now: datetime) -> tuple[Target, bool]:
    """Register what `data` says, or change the target of `owner` that has its name; say whether it is new.

    What is left out is as for a new target, so the same data twice leave the same. Where nothing differs,
    nothing is stored. Raises InvalidTarget and SeveralTargets.
    """
    name = _name(data)
    if name is None:
        targets.validate(data, by=owner, now=now)  # raises, with every problem
        raise AssertionError("a target needs a name")
    usual = {key: value or None for key, value in drafts.DEFAULTS.items()}  # null is the default of each
    whole = {**usual, "schedule": None, **data}
    while True:
        found = _called(name, owner)
        draft = targets.validate(whole, existing=found, by=owner, now=now, anew=True)
        with transaction.atomic():
            User.objects.select_for_update().get(pk=owner.pk)  # two at once have one target, too
            if not _is_as_it_was(_called(name, owner), found):
                continue
            if found is None:
                return targets.store(draft=draft, owner=owner, now=now), True
            return _changed(found, draft, by=owner, now=now), False


def _name(data: Mapping[str, Any]) -> str | None:
    """Return the name to look for; None where something is missing, or no database could look for that."""
    name = data.get("name")
    if any(key not in data for key in REQUIRED) or not isinstance(name, str) or not is_plain(name.strip()):
        return None
    return name.strip()


def _is_as_it_was(now: Target | None, found: Target | None) -> bool:
    """Say whether nobody has changed a target since it was found: what differs was told beside that."""
    if now is None or found is None:
        return now is found
    return (now.pk, now.updated_at) == (found.pk, found.updated_at)


def _called(name: str, owner: User) -> Target | None:
    found = list(Target.objects.visible_to(owner).filter(owner=owner, name=name).order_by("pk")[:2])
    if len(found) > 1:
        raise SeveralTargets(
            f"several of your targets are called {name!r}; change the one that is meant by its id"
        )
    return found[0] if found else None


def _changed(target: Target, draft: Draft, *, by: User, now: datetime) -> Target:
    """Store what differs of a target, so that plans that begin anew with a change go on without one."""
    schedule: Schedule | None = getattr(target, "schedule", None)
    differs = {key for key in drafts.KEYS if draft.values[key] != getattr(target, key)}
    if draft.schedule != (draft_of(schedule) if schedule else None):
        differs.add("schedule")
    if not differs:
        return target
    return targets.change(target=target, draft=replace(draft, changed=frozenset(differs)), by=by, now=now)
