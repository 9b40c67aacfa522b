"""Mends a target whose run is held: proposes selectors, saves the chosen ones, reads the pages again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler import trials
from crawler.models import Publication, Target
from crawler.queries import mending as queries
from crawler.services import holding, replays, targets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.contrib.auth.models import User

    from crawler.models import Replay, Run
    from scrapers.suggesting.mending import Mended

DECLARED: Final = "fields"


class CannotMend(Exception):
    """Nothing can be proposed; the text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is proposed for the fields that are broken, tried on so many pages."""

    broken: tuple[str, ...]
    mended: Mended
    pages: int

    @property
    def chosen(self) -> dict[str, Any]:
        """Return the best declaration of each field that has one."""
        return {name: found[0].declared for name, found in self.mended.fields.items() if found}

    @property
    def without(self) -> tuple[str, ...]:
        """Return the broken fields for which nothing was found."""
        return tuple(name for name in self.broken if not self.mended.fields.get(name))


def look(run: Run) -> Look:
    """Return what is proposed for a run that is held. Raises NotHeld, and CannotMend."""
    if run.publication != Publication.HELD:
        raise holding.NotHeld(run)
    target = run.target
    if target.scraper != DECLARED:
        raise CannotMend(
            f"selectors are proposed for declared fields alone, and {target.name} is read by "
            f"{target.scraper}: change that, read the stored pages again and store them, then discard the run"
        )
    _require_one_page(target, target.fields)
    known, broken = queries.known(run), queries.broken(run)
    if not known:
        raise CannotMend("no stored page of this run had items before, so there is nothing to look for")
    try:
        mended = trials.mended_of(known, row=target.row, fields=target.fields, broken=broken)
    except trials.TookTooLong:
        raise CannotMend("looking for the fields takes too long on these pages; declare them anew") from None
    except MemoryError:
        raise CannotMend("looking for the fields takes too much memory; declare them anew") from None
    except trials.CannotTry as error:
        raise CannotMend(str(error)) from None
    return Look(broken=tuple(broken), mended=mended, pages=len(known))


def repair(
    run: Run, *, fields: Mapping[str, Any], row: str, by: User | None, now: datetime, sends: bool = True
) -> Replay:
    """Save fields with the run's target, and have the run's pages read again so that items change.

    What was held is discarded. Raises NotHeld, CannotMend, InvalidTarget, and Busy while records are being
    stored already.
    """
    if run.publication != Publication.HELD:
        raise holding.NotHeld(run)
    target = Target.objects.get(pk=run.target_id)
    if target.scraper != DECLARED or not fields:
        raise CannotMend("choose a selector for at least one of the target's declared fields")
    _require_one_page(target, {**target.fields, **fields})
    replays.require_idle(target)
    data = {"fields": {**target.fields, **fields}, "row": row or target.row}
    draft = targets.validate(data, existing=target, by=by or target.owner, now=now)
    with transaction.atomic():
        holding.lock(run)
        target = targets.change(target=target, draft=draft, by=by, now=now)
        replay = replays.store_run(target=target, run=queries.since(run), by=by, now=now, sends=sends)
        said = f"its pages are read again by replay {replay.pk}"
        holding.discard(run, by=by.get_username() if by else "", reason=said, now=now)
    return replay


def _require_one_page(target: Target, fields: Mapping[str, Any]) -> None:
    """Refuse records that several pages complete, as their pages are not read again together."""
    if any("follow" in said for said in fields.values() if isinstance(said, dict)):
        raise CannotMend(
            f"records of {target.name} are completed on further pages, for which nothing is proposed: "
            "change the fields that are broken, discard the run, and start another one"
        )
