"""Mends a target whose run is held: proposes selectors, saves the chosen ones, reads the pages again."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from crawler import trials
from crawler.models import LookState, Publication, RepairLook, Target
from crawler.queries import mending as queries
from crawler.services import holding, looks, replays, targets
from scrapers.suggesting import moving, nesting
from scrapers.suggesting.mending import Mended, Proposal
from scrapers.suggesting.trying import Count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.contrib.auth.models import User

    from crawler.models import Replay, Run

DECLARED: Final = holding.DECLARED
LOOKED_SECONDS: Final = 45.0
"""After so long no other page is looked at: a task that met its limit would begin anew, and never end."""
RECORDS: Final = ""
"""Under this name, which no field has, the records are counted that the rows give."""


class CannotMend(Exception):
    """Nothing can be proposed; the text says why, and what to do."""


class MoreRecords(CannotMend):
    """Other rows give more records than were known: somebody is to say that these are meant."""

    def __init__(self, records: Records) -> None:
        super().__init__(
            f"the rows that are proposed give {records.given:,} records where {records.known:,} were known; "
            "there may be some among them that are none: look at these, and say that you want more"
        )
        self.records = records


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """How many records other rows give on the pages tried so far, and how many of these were known.

    `unknown` are some of the first pages that say nothing of what was known.
    """

    given: int
    known: int
    unknown: Sequence[Mapping[str, Any]] = ()

    @property
    def are_more(self) -> bool:
        return self.given > self.known


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

    @property
    def records(self) -> Records | None:
        """Return how many records the rows that are proposed give; None where they stay as they are."""
        if self.progress is None or self.mended.row == self.progress.settings["row"]:
            return None
        said = self.progress.counts.get(RECORDS) or [{"given": 0, "known": 0}]
        unknown = self.mended.unknown
        found = Records(**said[0], unknown=unknown)
        first = Records(given=self.mended.given, known=self.mended.expected, unknown=unknown)
        return first if found.known < first.known or (first.are_more and not found.are_more) else found

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
        mended=Mended(
            row=row.found["row"],
            fields=fields,
            note=row.found.get("note", ""),
            given=row.found.get("given", 0),
            expected=row.found.get("expected", 0),
            unknown=row.found.get("unknown", ()),
        ),
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
        "given": found.mended.given,
        "expected": found.mended.expected,
        "unknown": list(found.mended.unknown),
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
    target, until = run.target, time.monotonic() + LOOKED_SECONDS
    broken = queries.broken(run)
    if not broken:
        raise CannotMend("what looks otherwise is in none of the declared fields: nothing can be mended")
    found, pages = _on_own_pages(run, target, broken)
    if not pages:
        raise CannotMend("no stored page of this run had items before, so there is nothing to look for")
    moved = _on_other_pages(run, target, broken, found, until=until)
    return Look(broken=tuple(broken), mended=replace(found, fields={**found.fields, **moved}), pages=pages)


def _on_own_pages(run: Run, target: Target, broken: Sequence[str]) -> tuple[Mended, int]:
    """Return what reads fields on the pages that they are on, and how many pages there are of these."""
    whole, pages, notes = Mended(row=target.row, fields={}), 0, list[str]()
    for link in dict.fromkeys(nesting.link_of(target.fields, path) for path in broken):
        known = queries.known(run, link)
        if known:
            named = [path for path in broken if nesting.link_of(target.fields, path) == link]
            mended = _mended(
                known, moving.on_page(target.fields, link), named, row="" if link else target.row
            )
            pages += len(known)
            notes += [mended.note] if mended.note and mended.note not in notes else []
            whole = replace(whole if link else mended, fields={**whole.fields, **mended.fields})
    return replace(whole, note=" ".join(notes)), pages


def _on_other_pages(
    run: Run, target: Target, broken: Sequence[str], found: Mended, *, until: float
) -> dict[str, Sequence[Proposal]]:
    """Return what reads fields on another page of their records, of those that have little on their own.

    From `until` on, by the monotonic clock, no further page is begun with.
    """
    asked: dict[str, dict[str, Any]] = {}
    for name in broken:
        own = found.fields.get(name, ())
        if not own or 2 * own[0].restored < own[0].known:
            for link, said in moving.elsewhere(target.fields, name, keyed=bool(target.key)):
                asked.setdefault(link, {})[name] = said
    best: dict[str, Sequence[Proposal]] = {}
    for link, moved in asked.items():
        if time.monotonic() >= until:
            break
        for name, there in _moved(run, target, moved, link=link, row="" if link else found.row).items():
            so_far = best.get(name, found.fields.get(name, ()))
            if there and (not so_far or there[0].restored > so_far[0].restored):
                best[name] = there
    return best


def _moved(
    run: Run, target: Target, moved: Mapping[str, Any], *, link: str, row: str
) -> Mapping[str, Sequence[Proposal]]:
    """Return what reads fields on a page that they were not on; nothing where that takes too long."""
    known = queries.known(run, link)
    fields = moving.on_page(target.fields, link) | dict(moved)
    try:
        mended = _mended(known, fields, list(moved), row=row, moves=True) if known else None
    except CannotMend:  # what was found on their own pages counts all the same
        return {}
    return {name: many for name, many in mended.fields.items() if name in moved} if mended else {}


def _mended(
    known: Sequence[queries.Known], fields: Mapping[str, Any], broken: Sequence[str], *, row: str, **how: bool
) -> Mended:
    """Return what may read fields of one of the pages of a record; raises CannotMend."""
    try:
        return trials.mended_of(known, row=row, fields=fields, broken=broken, **how)
    except trials.TookTooLong:
        raise CannotMend("looking for the fields takes too long on these pages; declare them anew") from None
    except MemoryError:
        raise CannotMend("looking for the fields takes too much memory; declare them anew") from None
    except trials.CannotTry as error:
        raise CannotMend(str(error)) from None


def repair(
    run: Run,
    *,
    fields: Mapping[str, Any],
    row: str,
    by: User | None,
    now: datetime,
    sends: bool = True,
    more: bool = False,
) -> Replay:
    """Save fields with the run's target, and have the run's pages read again so that items change.

    Those inside of objects are named by their paths, such as `offers.price`.
    What was held is discarded. Rows that were proposed and give more records than were known are saved only
    where `more` are wanted. Raises NotHeld, CannotMend, MoreRecords, InvalidTarget, and Busy while records
    are being stored already.
    """
    if run.publication != Publication.HELD:
        raise holding.NotHeld(run)
    target = Target.objects.get(pk=run.target_id)
    if target.scraper != DECLARED or not fields:
        raise CannotMend("choose a selector for at least one of the target's declared fields")
    if not more:
        _require_no_more(run, row)
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


def _require_no_more(run: Run, row: str) -> None:
    """Raise MoreRecords for the rows that are proposed where they give more than were known."""
    found = look(run) if row else None
    records = found.records if found and found.mended.row == row else None
    if records is not None and records.are_more:
        raise MoreRecords(records)


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
