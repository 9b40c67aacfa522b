"""`./run events`: what happened to targets and runs, for a terminal or a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.exports.rows import encode
from crawler.models import EventKind
from crawler.queries import events
from crawler.queries.exports import stamp
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.holding import run_of
from crawler.services.terminal.keeping import target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST: Final = 100_000


def tell(*, target: str | None, run: str | None, kind: str | None, last: str) -> Iterator[bytes]:
    """Yield the newest events as lines of JSON, as the API tells them, the last one last. Raises Refusal.

    Whoever is on this machine sees those of all targets.
    """
    if kind is not None and kind not in EventKind.values:
        raise Refusal(f"--kind: there is none such as {kind!r}; known are {', '.join(EventKind.values)}")
    found = events.newest(
        target=None if target is None else target_of(target).pk,
        run=None if run is None else run_of(run).pk,
        kind=kind or "",
        most=_count(last),
    )
    for event in found:
        yield encode(
            {
                "id": event.pk,
                "kind": event.kind,
                "target": event.target_id,
                "run": event.run_id,
                "created_at": stamp(event.created_at),
                "data": event.data,
            }
        )


def _count(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) <= len(str(MOST)) and 0 < int(word) <= MOST):
        raise Refusal(f"--last: must be a number from 1 to {MOST:,}, not {word!r}")
    return int(word)
