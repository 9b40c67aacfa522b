"""`./run replay`: stored pages read again in this terminal, and what that would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from django.utils import timezone

from crawler.models import Replay, ReplayState, Target
from crawler.queries import replays as queries
from crawler.services import replays
from crawler.services.replays import Busy
from crawler.services.targets import InvalidTarget
from crawler.services.terminal import waiting
from crawler.services.terminal.asked import Asked, Refusal, lines_of, reading
from crawler.services.terminal.plain import plain
from crawler.trials import CannotTry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawler.policy.replays import Totals


def replay(
    number: str,
    asked: Asked,
    *,
    pages: str | None,
    stores: bool,
    say: Callable[[str], None],
    earlier: bool = False,
) -> Replay:
    """Read the stored pages of a target with what `asked` says of its records, and return what that gave.

    With `earlier` their kept versions are read, too. With `stores` the settings are saved then, and items
    change. `say` is told how far it is. Raises Refusal.
    """
    problems: list[str] = []
    data = {name: value for name, value in reading(asked, problems).items() if value is not None}
    sampled = _pages(pages, problems)
    target = _target(number, problems)
    if target is None or problems:
        raise Refusal(*problems)
    now = timezone.now()
    try:
        trial = replays.start(
            target=target, by=None, data=data, pages=sampled, earlier=earlier, now=now, sends=False
        )
        _finish(trial, say)
        if not stores or trial.state != ReplayState.DONE:
            return trial
        storing = replays.store(replay=trial, by=None, now=timezone.now(), sends=False)
        return _finish(storing, say)
    except InvalidTarget as error:
        raise Refusal(*lines_of(error.problems, urls=())) from None
    except Busy as error:
        raise Refusal(str(error), status=1) from None


def _finish(row: Replay, say: Callable[[str], None]) -> Replay:
    """Go on with a replay to its end; it is cancelled by whatever interrupts that."""
    try:
        return go_on(row, say)
    except CannotTry as error:
        replays.cancel(replay=row, now=timezone.now())
        raise Refusal(str(error), status=1) from None
    except BaseException:
        replays.cancel(replay=row, now=timezone.now())
        raise


def go_on(row: Replay, say: Callable[[str], None]) -> Replay:
    """Go on with a replay until it is over, also where others take steps of it.

    Raises CannotTry, and Refusal.
    """
    while True:
        is_more = replays.step(replay=row.pk, now=timezone.now())
        try:
            row.refresh_from_db()
        except Replay.DoesNotExist:
            raise Refusal(f"replay {row.pk} was removed meanwhile, with its target", status=1) from None
        if row.is_over:
            return row
        standing = queries.standing(row)
        say(f"{standing.behind:,} of {standing.total:,} pages{' and versions' if row.earlier else ''}")
        if not is_more:
            waiting.pause()


def lines(row: Replay) -> Iterator[str]:
    """Yield what a replay has found, for people."""
    yield from map(plain, _lines(row))


def _lines(row: Replay) -> Iterator[str]:
    standing = queries.standing(row)
    yield from _found(standing.totals, "pages")
    if standing.earlier is not None:
        yield ""
        yield from _found(standing.earlier, "earlier versions")
        lacked = "filled in" if row.stores else "to be filled in"
        yield f"{standing.earlier.completed:,} records said more than is in the history then: {lacked}"
    if row.reason:
        yield row.reason
    if row.stores:
        yield "Stored. What the items said before is in their history."
    elif row.state == ReplayState.DONE:
        yield "Nothing was stored; --store saves these settings and updates the items."


def document(row: Replay) -> bytes:
    """Return what a replay has found as one line of JSON."""
    standing = queries.standing(row)
    totals: dict[str, Any] = standing.totals.as_json()
    earlier = {"total": row.earlier_total, **standing.earlier.as_json()} if standing.earlier else None
    said = {"replay": row.pk, "state": row.state, "stores": row.stores, "total": row.total, **totals}
    return orjson.dumps(said | {"earlier": earlier, "samples": row.samples})


def _found(totals: Totals, what: str) -> Iterator[str]:
    """Yield what was found in pages, or in versions of them."""
    records = totals.records
    yield (
        f"{totals.pages:,} {what} read: {records['changed']:,} records changed, {records['new']:,} new, "
        f"{records['gone']:,} not found any more, {records['same']:,} the same"
    )
    if totals.bodiless or totals.unread:
        yield f"{totals.bodiless:,} {what} without a stored body, {totals.unread:,} could not be read"
    if totals.unkeyed:
        yield f"{totals.unkeyed:,} records lack a key field, so they are not stored"
    yield from _fields(totals)
    for code, field, count, message in totals.problems:
        yield f"{count:,} x {f'{field}: ' if field else ''}{message} ({code})"


def _fields(totals: Totals) -> Iterator[str]:
    coverage = totals.coverage()
    width = max((len(one.name) for one in coverage), default=0)
    if width:
        yield f"{'field'.ljust(max(5, width))}  stored  read now"
    for one in coverage:
        yield f"{one.name.ljust(max(5, width))}  {_part(one.before):>6}  {_part(one.after):>8}"


def _part(part: float | None) -> str:
    return "-" if part is None else f"{part:.1%}"


def _pages(word: str | None, problems: list[str]) -> int | None:
    if word is None:
        return None
    if word.isascii() and word.isdecimal() and 1 <= int(word[:9]) <= replays.MOST_SAMPLED:
        return int(word)
    problems.append(f"--pages: must be a number from 1 to {replays.MOST_SAMPLED:,}, not {word!r}")
    return None


def _target(number: str, problems: list[str]) -> Target | None:
    known = number.isascii() and number.isdecimal() and len(number) < 19
    found = Target.objects.filter(pk=int(number), deleted_at=None).first() if known else None
    if found is None:
        problems.append(f"TARGET: there is no target {number!r}; its number is in the address of its page")
    return found
