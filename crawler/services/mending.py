"""Mends a target whose run is held: proposes selectors, saves the chosen ones, reads the pages again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler import trials
from crawler.models import LookState, Publication, RepairLook, Target
from crawler.queries import mending as queries
from crawler.services import holding, looks, replays, targets
from scrapers.suggesting import nesting
from scrapers.suggesting.mending import Mended, Proposal
from scrapers.suggesting.trying import Count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.contrib.auth.models import User

    from crawler.models import Replay, Run

DECLARED: Final = holding.DECLARED


class CannotMend(Exception):
    """Nothing can be proposed; the text says why, and what to do."""


class LookFailed(CannotMend):
    """What was looked for was not found out; looking again may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is proposed for the fields that are broken, tried on so many pages."""

    broken: tuple[str, ...]
    mended: Mended
    pages: int
    progress: RepairLook | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """Return the best declaration of each field that has one."""
        return {name: found[0].declared for name, found in self.mended.fields.items() if found}

    @property
    def without(self) -> tuple[str, ...]:
        """Return the broken fields for which nothing was found, also of those inside of objects."""
        fields = self.mended.fields
        named = dict.fromkeys([*self.broken, *(path for path in fields if path not in self.broken)])
        return tuple(path for path in named if not any(_is_of(one, path) for one in fields if fields[one]))

    def counts(self, name: str) -> Sequence[Count | None]:
        """Return what each proposal of a field gives on all pages tried so far; None before the first."""
        said = self.progress.counts.get(name) if self.progress else None
        return [Count(**one) for one in said] if said else [None for _ in self.mended.fields[name]]


def look(run: Run) -> Look | None:
    """Return what was found for a run that is held; None before that, and where its fields are others now.

    Raises NotHeld, CannotMend where nothing can be proposed, and LookFailed where that did not end well.
    """
    _require_mendable(run)
    row = RepairLook.objects.filter(run=run).first()
    if row is None or row.settings != looks.said(run.target) or row.state == LookState.QUEUED:
        return None
    if row.state == LookState.FAILED:
        raise LookFailed(row.reason)
    fields = {name: [Proposal(**one) for one in many] for name, many in row.found["fields"].items()}
    return Look(
        broken=tuple(row.found["broken"]),
        mended=Mended(row=row.found["row"], fields=fields, note=row.found.get("note", "")),
        pages=row.found["pages"],
        progress=row,
    )


def is_looking(run: Run) -> bool:
    """Say whether it is looked for with the fields as they are."""
    row = RepairLook.objects.filter(run=run, state=LookState.QUEUED).first()
    return row is not None and row.settings == looks.said(run.target)


def look_again(run: Run, *, now: datetime, sends: bool = True) -> None:
    """Have it looked for from the beginning, unless it is just begun. Raises NotHeld, and CannotMend."""
    with transaction.atomic():
        holding.lock(run)
        _require_mendable(run)
        if is_looking(run):
            return
        looks.ask(run, now=now, sends=sends)


def as_json(found: Look) -> dict[str, Any]:
    """Return what is kept of a look."""
    return {
        "broken": list(found.broken),
        "pages": found.pages,
        "row": found.mended.row,
        "note": found.mended.note,
        "fields": {name: [asdict(one) for one in many] for name, many in found.mended.fields.items()},
    }


def _require_mendable(run: Run) -> None:
    if run.publication != Publication.HELD:
        raise holding.NotHeld(run)
    target = run.target
    if target.scraper != DECLARED:
        raise CannotMend(
            f"selectors are proposed for declared fields alone, and {target.name} is read by "
            f"{target.scraper}: change that, read the stored pages again and store them, then discard the run"
        )


def propose(run: Run) -> Look:
    """Look for what reads the broken fields, for some seconds. Raises NotHeld, and CannotMend."""
    _require_mendable(run)
    target = run.target
    broken = queries.broken(run)
    if not broken:
        raise CannotMend("what looks otherwise is in none of the declared fields: nothing can be mended")
    row, pages, notes = target.row, 0, []
    fields: dict[str, Sequence[Proposal]] = {}
    for link in dict.fromkeys(nesting.link_of(target.fields, path) for path in broken):
        known = queries.known(run, link)
        if known:
            mended = _mended(target, known, [path for path in broken if _is_behind(target, path, link)], link)
            row, pages = row if link else mended.row, pages + len(known)
            fields |= mended.fields
            notes += [mended.note] if mended.note and mended.note not in notes else []
    if not pages:
        raise CannotMend("no stored page of this run had items before, so there is nothing to look for")
    found = Mended(row=row, fields=fields, note=" ".join(notes))
    return Look(broken=tuple(broken), mended=found, pages=pages)


def _mended(target: Target, known: Sequence[queries.Known], broken: Sequence[str], link: str) -> Mended:
    """Return what may read fields of one of the pages of a record; raises CannotMend."""
    fields = {name: said for name, said in target.fields.items() if _is_behind(target, name, link)}
    try:
        return trials.mended_of(known, row="" if link else target.row, fields=fields, broken=broken)
    except trials.TookTooLong:
        raise CannotMend("looking for the fields takes too long on these pages; declare them anew") from None
    except MemoryError:
        raise CannotMend("looking for the fields takes too much memory; declare them anew") from None
    except trials.CannotTry as error:
        raise CannotMend(str(error)) from None


def _is_behind(target: Target, path: str, link: str) -> bool:
    return nesting.link_of(target.fields, path) == link


def repair(
    run: Run, *, fields: Mapping[str, Any], row: str, by: User | None, now: datetime, sends: bool = True
) -> Replay:
    """Save fields with the run's target, and have the run's pages read again so that items change.

    Those inside of objects are named by their paths, such as `offers.price`.
    What was held is discarded. Raises NotHeld, CannotMend, InvalidTarget, and Busy while records are being
    stored already.
    """
    if run.publication != Publication.HELD:
        raise holding.NotHeld(run)
    target = Target.objects.get(pk=run.target_id)
    if target.scraper != DECLARED or not fields:
        raise CannotMend("choose a selector for at least one of the target's declared fields")
    declared = _edited(target, fields)
    replays.require_idle(target)
    data = {"fields": declared, "row": row or target.row}
    draft = targets.validate(data, existing=target, by=by or target.owner, now=now)
    with transaction.atomic():
        holding.lock(run)
        target = targets.change(target=target, draft=draft, by=by, now=now)
        replay = replays.store_run(target=target, run=queries.since(run), by=by, now=now, sends=sends)
        said = f"its pages are read again by replay {replay.pk}"
        holding.discard(run, by=by.get_username() if by else "", reason=said, now=now)
    return replay


def _edited(target: Target, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the target's fields with others in their places; those inside of objects are named by paths."""
    declared = dict(target.fields)
    for path in sorted(fields, key=lambda path: path.count(".")):  # objects before what is inside of them
        if "." in path and nesting.at(declared, path) is None:
            raise CannotMend(f"{path[:200]} is not declared by {target.name}; choose one of its fields")
        declared = nesting.placed(declared, path, fields[path])
    return declared


def _is_of(path: str, around: str) -> bool:
    return path == around or path.startswith(f"{around}.")
