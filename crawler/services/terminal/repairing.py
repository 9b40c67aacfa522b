"""`./run held RUN --proposals` and `--repair`: what reads the fields that broke, and what of it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from django.utils import timezone

from crawler.services import holding, looking, looks, mending
from crawler.services.replays import Busy
from crawler.services.targets import InvalidTarget
from crawler.services.terminal import replaying, waiting
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crawler.models import Run
    from crawler.services.mending import Look


def proposals(run: Run) -> list[str]:
    """Return what is proposed for a held run, tried on its pages, and how to take it. Raises Refusal."""
    look = _looked(run)
    lines = [_gives(look, name, place) for name in look.chosen for place in _places(look, name)]
    return [plain(line) for line in (*lines, *_rest(look), *_how(run, look))]


def repaired(run: Run, wanted: Sequence[str], *, more: bool = False) -> list[str]:
    """Mend the run's target with what is `wanted`, the best where nothing is said; read its pages again.

    Each is a field and the number of its proposal, as in `price=2`; 0 leaves the field as it is. Other rows
    that give more records than were known are taken only where `more` are wanted. Raises Refusal.
    """
    numbers = _numbers(wanted)
    look = _looked(run)
    places = _taken(look, numbers)
    fields = {name: look.mended.fields[name][place].declared for name, place in places.items()}
    try:
        replay = mending.repair(
            run, fields=fields, row=look.mended.row, by=None, now=timezone.now(), sends=False, more=more
        )
    except mending.MoreRecords as error:
        raise Refusal(plain(look.mended.note), *_unknown(look), f"{error}, by --more", status=1) from None
    except (mending.CannotMend, Busy, InvalidTarget) as error:
        raise Refusal(str(error), status=1) from None
    finish(run)
    replay = replaying.go_on(replay, say=lambda _line: None)
    return [
        *(plain(_gives(look, name, place)) for name, place in places.items()),
        *(f"{name}: left as it is" for name in look.chosen if name not in places),
        *map(plain, _rest(look)),
        *replaying.lines(replay),
    ]


def finish(run: Run) -> None:
    """Do what was decided of a held run to its end."""
    while holding.step(run.pk, now=timezone.now()):
        pass


def _numbers(wanted: Sequence[str]) -> Mapping[str, int]:
    """Return which proposal is wanted for which field."""
    read = {}
    for said in wanted:
        name, _, number = said.rpartition("=")
        if not name or not (number.isascii() and number.isdecimal() and len(number) < 3):
            raise Refusal(f"--take {said}: say a field and the number of its proposal, such as price=2")
        read[name] = int(number)
    return read


def _taken(look: Look, numbers: Mapping[str, int]) -> Mapping[str, int]:
    """Return the place of the proposal to be taken for each field, without those that are to be left."""
    for name, number in numbers.items():
        if name not in look.chosen:
            raise Refusal(f"--take {name}={number}: nothing is proposed for that; {_proposed(look)}")
        if number > len(look.mended.fields[name]):
            raise Refusal(f"--take {name}={number}: there are only {len(look.mended.fields[name])} for it")
    return {name: numbers.get(name, 1) - 1 for name in look.chosen if numbers.get(name, 1)}


def _proposed(look: Look) -> str:
    return f"it is for {', '.join(look.chosen)}" if look.chosen else "nor is there anything for other fields"


def _looked(run: Run) -> Look:
    """Return what is proposed for a run, tried on its pages; raises Refusal."""
    try:
        if mending.look(run) is None:
            mending.look_again(run, now=timezone.now(), sends=False)
        while looking.step(run=run.pk, now=timezone.now()) or _others_look(run):
            pass
        run.refresh_from_db(fields=["publication"])
        found = mending.look(run)
    except mending.CannotMend as error:
        raise Refusal(str(error), status=1) from None
    if found is None:
        raise Refusal("the fields of the target were changed just now; try again", status=1)
    return found


def _others_look(run: Run) -> bool:
    """Wait a moment where somebody else goes on with a look; say whether there is something to wait for."""
    is_over = not looks.under_way(run)
    if not is_over:
        waiting.pause()
    return not is_over


def _places(look: Look, name: str) -> range:
    return range(len(look.mended.fields[name]))


def _gives(look: Look, name: str, place: int) -> str:
    """Return what a proposal for a field gives: on all pages where it was tried on them."""
    one, of_all = look.mended.fields[name][place], look.counts(name)[place]
    said = f"{_said(name, place)}: {orjson.dumps(one.declared).decode()} gives"
    if of_all is None:
        return f"{said} {one.restored:,} of {one.known:,} values as before"
    return (
        f"{said} {of_all.restored:,} of {of_all.known:,} values as before, all of them on {of_all.whole:,} "
        f"of {of_all.pages:,} pages"
    )


def _said(name: str, place: int) -> str:
    return f"{name}={place + 1}"


def _rest(look: Look) -> Iterator[str]:
    if look.mended.note:
        yield look.mended.note
    yield from (f"{name}: nothing was found" for name in look.without)
    if look.progress and look.progress.is_cut:
        yield f"Tried on the pages of {look.progress.seen:,} of {look.progress.total:,} items."


def _how(run: Run, look: Look) -> Iterator[str]:
    """Yield how what is proposed is taken."""
    chosen: Mapping[str, Any] = look.chosen
    if not chosen:
        return
    last = max(chosen, key=lambda name: len(look.mended.fields[name]))
    place = len(look.mended.fields[last])
    yield (
        f"./run held {run.pk} --repair takes the first of each field; --take {last}={place} another one, "
        f"--take {last}=0 none."
    )
    if look.records is not None and look.records.are_more:
        yield (
            f"The rows give {look.records.given:,} records where {look.records.known:,} were known: --repair "
            "takes them with --more only."
        )
        yield from _unknown(look)


def _unknown(look: Look) -> Iterator[str]:
    """Yield some of the records of other rows that say nothing of what was known."""
    for record in look.records.unknown if look.records else ():
        yield plain(f"not known before: {orjson.dumps(record).decode()}")
