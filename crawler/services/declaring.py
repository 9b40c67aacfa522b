"""Has exactly one target of a person by the name that settings say, as scripts that may run twice want it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import transaction

from crawler.models import Target
from crawler.services import drafts, targets
from crawler.services.drafts.timing import draft_of

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
    if any(key not in data for key in REQUIRED) or not isinstance(data["name"], str):
        targets.validate(data, by=owner, now=now)  # raises, with every problem
        raise AssertionError("a target needs a name")
    usual = {key: value or None for key, value in drafts.DEFAULTS.items()}  # null is the default of each
    whole = {**usual, "schedule": None, **data}
    while True:
        found = _called(data["name"].strip(), owner)
        draft = targets.validate(whole, existing=found, by=owner, now=now, anew=True)
        with transaction.atomic():
            User.objects.select_for_update().get(pk=owner.pk)  # two at once have one target, too
            if _called(data["name"].strip(), owner) != found:
                continue
            if found is None:
                return targets.store(draft=draft, owner=owner, now=now), True
            return _changed(found, draft, by=owner, now=now), False


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
