"""`./run held RUN --items`: the records that are kept apart, beside the items as they are."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from crawler.exports.rows import encode
from crawler.models import Publication
from crawler.queries import holding as held
from crawler.services import holding
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.holding import run_of

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE: Final = 500


def lines(number: str | None) -> Iterator[bytes]:
    """Yield the records of a held run as lines of JSON, as the API lists them. Raises Refusal."""
    if number is None:
        raise Refusal("RUN: name the run whose records are meant; ./run held lists those that are held")
    run = run_of(number)
    if run.publication != Publication.HELD:
        raise Refusal(str(holding.NotHeld(run)), status=1)
    found = held.page(run, size=AT_ONCE)
    yield from map(_line, found.rows)
    while found.next:
        found = held.page(run, cursor=found.next, size=AT_ONCE)
        yield from map(_line, found.rows)


def _line(beside: held.Beside) -> bytes:
    return encode(
        {
            "key": beside.held.key,
            "url": beside.held.url,
            "data": beside.held.data,
            "item": beside.item.pk if beside.item else None,
            "changes": [asdict(change) for change in beside.changes],
        }
    )
