"""Asks for selectors to be looked for that repair a held run, and again where nobody goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler.models import LookState, Publication, RepairLook
from crawler.queue import Work
from crawler.services import outbox, silence

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.models import Run, Target

SILENT: Final = timedelta(seconds=120)
BATCH: Final = 200
OVER: Final = (LookState.DONE, LookState.FAILED)


def said(target: Target) -> dict[str, Any]:
    """Return what selectors are looked for with; what was found with others is of no use."""
    return {"row": target.row, "fields": target.fields}


def ask(run: Run, *, now: datetime, sends: bool = True) -> RepairLook:
    """Have selectors looked for from the beginning; without `sends` the caller goes on with it.

    The caller has locked the run.
    """
    with transaction.atomic():
        RepairLook.objects.filter(run=run).delete()
        look = RepairLook.objects.create(run=run, settings=said(run.target), beat_at=now)
        if sends:
            outbox.post(Work.REPAIR, now=now, run=run.pk)
    return look


def under_way(run: Run) -> bool:
    """Say whether somebody is to go on with the look of a run that is held."""
    held = RepairLook.objects.filter(run=run, run__publication=Publication.HELD)
    return held.exclude(state__in=OVER).exists()


def ask_again(*, now: datetime) -> int:
    """Have those gone on with that nobody goes on with any more; return how many."""
    under_way = RepairLook.objects.exclude(state__in=OVER)
    return silence.ask_again(under_way, Work.REPAIR, of="run", silent=SILENT, now=now)


def forget() -> int:
    """Remove a batch of those whose runs are held no more; return how many."""
    decided = RepairLook.objects.exclude(run__publication=Publication.HELD).order_by("pk")
    return RepairLook.objects.filter(pk__in=list(decided.values_list("pk", flat=True)[:BATCH])).delete()[0]
