"""Registers, changes and removes targets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from crawler.models import (
    FINAL_REPLAY_STATES,
    ChangeKind,
    Replay,
    ReplayState,
    Run,
    Schedule,
    Scope,
    Target,
)
from crawler.services import drafts, freshness, history, keying, refresh, runs, schedules
from crawler.services.drafts import Draft, InvalidTarget, Problem, feasibility
from crawler.services.drafts.timing import draft_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser, User

__all__ = [
    "Draft",
    "InvalidTarget",
    "Problem",
    "change",
    "create",
    "delete",
    "store",
    "update",
    "validate",
    "warnings",
]

CRAWL_FASTER = "crawler.crawl_faster"


def validate(
    data: object,
    *,
    existing: Target | None = None,
    by: User | AnonymousUser | None = None,
    now: datetime,
    anew: bool = False,
) -> Draft:
    """Return what `data` asks for, as a new target or as a change of `existing`; stores nothing.

    `by` is who asks: without the permission to crawl faster the pace keeps to the default. None
    is the machine's owner. With `anew` parts of a schedule that are left out are not those of before.
    Raises InvalidTarget with every problem beside its field.
    """
    known = _existing(existing)
    return drafts.read(
        data,
        existing=replace(known, schedule=None) if known and anew else known,
        may_hurry=by is None or by.has_perm(CRAWL_FASTER),
        may_share=by is None or by.is_superuser or existing is None or existing.owner_id == by.pk,
        now=now,
    )


def create(*, owner: User | None, data: object, now: datetime) -> Target:
    """Register a target of `owner`; raises InvalidTarget."""
    return store(draft=validate(data, by=owner, now=now), owner=owner, now=now)


@transaction.atomic
def store(*, draft: Draft, owner: User | None, now: datetime) -> Target:
    """Register what was validated: trying selectors takes too long for a transaction that writes."""
    target = Target.objects.create(owner=owner, **_columns(draft.values))
    schedules.put(target=target, draft=draft.schedule, now=now)
    freshness.put(target=target, now=now)
    refresh.put(target=target, now=now)
    author = history.Author(person=owner, kind=ChangeKind.CREATED)
    history.note(target=target, by=author, before=None, after=_said(target), now=now)
    return target


def update(
    *,
    target: Target,
    data: object,
    now: datetime,
    by: User | AnonymousUser | None = None,
    restores: int | None = None,
) -> Target:
    """Change what `data` gives and nothing else; runs that are under way keep their settings.

    `by` is who asks, by default the target's owner; `restores` is the change that this goes back to.
    Raises InvalidTarget.
    """
    by = by or target.owner
    draft = validate(data, existing=target, by=by, now=now)
    return change(target=target, draft=draft, by=by, restores=restores, now=now)


def change(
    *,
    target: Target,
    draft: Draft,
    now: datetime,
    by: User | AnonymousUser | None = None,
    restores: int | None = None,
) -> Target:
    """Change what was validated: trying selectors takes too long for a transaction that writes."""
    kind = ChangeKind.CHANGED if restores is None else ChangeKind.RESTORED
    author = history.Author(person=by or target.owner, kind=kind, restores=restores)
    return _change(target, draft, by=author, now=now)


@transaction.atomic
def _change(target: Target, draft: Draft, *, by: history.Author, now: datetime) -> Target:
    before = _said(target)
    values = {key: value for key, value in _columns(draft.values).items() if key in draft.changed}
    for key, value in values.items():
        setattr(target, key, value)
    target.save(update_fields=[*values, "updated_at"])
    if draft.changed & {"schedule", "enabled"}:
        schedules.put(target=target, draft=draft.schedule, now=now)
    else:
        schedules.check(target=target, now=now)
    if draft.changed & {"max_age_seconds", "enabled"}:
        freshness.put(target=target, now=now)
    if draft.changed & {"refresh_per_day", *runs.FROZEN}:
        refresh.put(target=target, now=now)
    history.note(target=target, by=by, before=before, after=_said(target), now=now)
    return target


def delete(*, target: Target, now: datetime, by: User | AnonymousUser | None = None) -> None:
    """Hide `target` at once and cancel its runs and replays; clean-up removes its rows later."""
    author = history.Author(person=by, kind=ChangeKind.DELETED)
    with transaction.atomic():
        history.note(target=target, by=author, before=None, after=None, now=now)
        target.deleted_at = now
        target.save(update_fields=["deleted_at", "updated_at"])
        schedules.rest(target=target)
        Replay.objects.filter(target=target).exclude(state__in=FINAL_REPLAY_STATES).update(
            state=ReplayState.CANCELLED, reason="its target was deleted", finished_at=now
        )
    for run in Run.objects.filter(target=target).active().order_by("id"):
        with suppress(runs.WrongState):  # it ended by itself just now
            runs.cancel(run=run, now=now)


def warnings(*, target: Target, now: datetime) -> tuple[Problem, ...]:
    """Return what of `target` is allowed but cannot work as it says, such as too tight a schedule."""
    existing = _existing(target)
    if existing is None:
        return ()
    found = drafts.warnings(existing.values, existing.schedule, last=existing.last, now=now)
    return (*keying.warnings(target, last=existing.last), *found)


def _existing(target: Target | None) -> drafts.Existing | None:
    return replace(_said(target), last=feasibility.last_run(target)) if target else None


def _said(target: Target) -> drafts.Existing:
    """Return what a target says, without what its last run had."""
    schedule: Schedule | None = getattr(target, "schedule", None)
    return drafts.Existing(
        values={key: getattr(target, key) for key in drafts.KEYS},
        schedule=draft_of(schedule) if schedule else None,
    )


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values[key].value if isinstance(values[key], Scope) else values[key] for key in drafts.KEYS}
