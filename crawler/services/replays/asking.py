"""Asks for stored pages to be read again, cancels that, and has what it gives stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler import conf
from crawler.models import FINAL_REPLAY_STATES, Replay, ReplayState, Target
from crawler.queries import replays as found
from crawler.queue import Work
from crawler.services import outbox, silence, targets
from crawler.services.replays.claiming import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from crawler.queries.replays import Reach

KEYS: Final = ("scraper", "options", "row", "fields", "key")
"""The settings of a target that say which records its pages give."""
MOST_SAMPLED: Final = 1_000
BATCH: Final = 200


class Busy(Exception):
    """What was asked for cannot be done now; the text says why, and what to do."""


def start(
    *,
    target: Target,
    by: User | None,
    data: Mapping[str, Any],
    pages: int | None,
    now: datetime,
    earlier: bool = False,
    sends: bool = True,
) -> Replay:
    """Ask for stored pages of `target` to be read with the settings that `data` changes.

    `pages` are that many from all over the target, None all of them; with `earlier` all versions of them
    that are kept, too. Nothing but the replay's own row is written. It takes the place of trials of the same
    person that are under way. Without `sends` the caller goes on with it. Raises InvalidTarget, and Busy
    while records of the target are being stored.
    """
    draft = targets.validate(dict(data), existing=target, by=by or target.owner, now=now)
    settings = {key: draft.values[key] for key in KEYS}
    with transaction.atomic():
        _require_idle(target)
        for trial in _under_way(target).filter(by=by):
            cancel(replay=trial, now=now)
        reach = found.reach(target, pages=pages, earlier=earlier)
        return begin(target, settings, by=by, reach=reach, stores=False, now=now, sends=sends)


def store(*, replay: Replay, by: User | None, now: datetime, sends: bool = True) -> Replay:
    """Save the settings of `replay` with its target, and have all stored pages read so that items change.

    Return the replay that does it. Raises Busy when it is not done, when the target's settings are not
    those any more that it was compared with, and while another one stores; and InvalidTarget.
    """
    if replay.state != ReplayState.DONE or replay.stores:
        raise Busy("only a trial that is done can be stored; wait for it, or start another one")
    target = Target.objects.get(pk=replay.target_id)
    _require_compared(replay, target)
    draft = targets.validate(replay.settings, existing=target, by=by or target.owner, now=now)
    with transaction.atomic():
        target = _require_idle(target)
        _require_compared(replay, target)
        if not found.same(replay.settings, said(target)):
            target = targets.change(target=target, draft=draft, by=by, now=now)
        reach = found.reach(target, pages=None, earlier=replay.earlier)
        return begin(target, replay.settings, by=by, reach=reach, stores=True, now=now, sends=sends)


def store_run(*, target: Target, run: int, by: User | None, now: datetime, sends: bool = True) -> Replay:
    """Have the pages that a run or a later one fetched read so that items change, with the target's settings.

    The caller holds the transaction. Raises Busy.
    """
    _require_idle(target)
    reach = found.reach(target, pages=None, of_run=run)
    return begin(target, said(target), by=by, reach=reach, stores=True, now=now, sends=sends)


def require_idle(target: Target) -> None:
    """Raise Busy while records of the target are being stored."""
    with transaction.atomic():
        _require_idle(target)


def said(target: Target) -> dict[str, Any]:
    """Return what a target says of its records."""
    return {key: getattr(target, key) for key in KEYS}


def cancel(*, replay: Replay, now: datetime) -> bool:
    """End a replay; what it has stored stays. Return whether it was under way."""
    under_way = Replay.objects.filter(pk=replay.pk).exclude(state__in=FINAL_REPLAY_STATES)
    return bool(under_way.update(state=ReplayState.CANCELLED, finished_at=now))


def ask_again(*, now: datetime) -> int:
    """Have replays gone on with that nobody goes on with any more; return how many."""
    under_way = Replay.objects.exclude(state__in=FINAL_REPLAY_STATES)
    return silence.ask_again(under_way, Work.REPLAY, of="replay", silent=SILENT, now=now)


def forget(*, now: datetime) -> int:
    """Remove what ended long ago, at most a batch of it; return how much."""
    before = now - conf.crawl().keep_requests
    old = Replay.objects.filter(state__in=FINAL_REPLAY_STATES, finished_at__lt=before).order_by("pk")
    return Replay.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]


def _require_compared(replay: Replay, target: Target) -> None:
    """Raise Busy where the target has other settings than those that the trial was compared with."""
    if not any(found.same(said(target), one) for one in (replay.settings, replay.before)):
        raise Busy("the target's scraper was changed after this trial; start another one")


def _require_idle(target: Target) -> Target:
    """Lock the target against others who ask, and return it; raises Busy while its records are stored."""
    locked = Target.objects.select_for_update().get(pk=target.pk)
    if _under_way(target).filter(stores=True).exists():
        raise Busy("stored pages of this target are being read and stored; wait, or cancel that")
    return locked


def _under_way(target: Target) -> QuerySet[Replay]:
    return Replay.objects.filter(target=target).exclude(state__in=FINAL_REPLAY_STATES)


def begin(
    target: Target,
    settings: Mapping[str, Any],
    *,
    by: User | None,
    reach: Reach,
    stores: bool,
    now: datetime,
    sends: bool = True,
    after_refresh: int | None = None,
) -> Replay:
    """Make a replay; the caller holds the transaction, and has looked whether there may be one."""
    replay = Replay.objects.create(
        target=target,
        by=by,
        settings=dict(settings),
        before=said(target),
        stores=stores,
        chosen=reach.chosen,
        of_run=reach.of_run,
        after_refresh=after_refresh,
        until=reach.until,
        total=reach.total,
        earlier=reach.earlier is not None,
        **({} if reach.earlier is None else reach.earlier._asdict()),
        created_at=now,
        beat_at=now,
    )
    if sends:
        outbox.post(Work.REPLAY, now=now, replay=replay.pk)
    return replay
