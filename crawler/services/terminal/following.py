"""`./run changes`: what becomes of items, one after the other, for a terminal or a pipe."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import orjson

from crawler.models import Target
from crawler.queries import changes
from crawler.services import numbering
from crawler.services.terminal.asked import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AT_ONCE: Final = 500
LARGEST: Final = 2**63 - 1
AGAIN_SECONDS: Final = 2.0
_pause = threading.Event()  # never set


def follow(
    *,
    target: str | None,
    cursor: str | None,
    follows: bool,
    wait: Callable[[float], object] = _pause.wait,
) -> Iterator[bytes]:
    """Yield each change after `cursor` as a line of JSON; with `follows` go on for ever. Raises Refusal.

    Whoever is on this machine sees the changes of all targets.
    """
    targets = Target.objects.filter(deleted_at=None)
    chosen, place = _number(target, "--target"), _number(cursor, "--cursor")
    if chosen is not None and not targets.filter(pk=chosen).exists():
        raise Refusal(f"--target: there is no target {chosen}")
    while True:
        numbered = numbering.catch_up()
        try:
            feed = changes.since(targets, cursor=place, target=chosen, limit=AT_ONCE)
        except (changes.Forgotten, changes.Unknown) as error:
            raise Refusal(f"--cursor: {error}", status=1) from None
        for told in feed.rows:
            yield orjson.dumps(told.document(), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
        place = feed.cursor
        if feed.more or numbered:
            continue
        if not follows:
            return
        wait(AGAIN_SECONDS)


def _number(word: str | None, option: str) -> int | None:
    if word is None:
        return None
    if not (word.isascii() and word.isdecimal()) or int(word) > LARGEST:
        raise Refusal(f"{option}: {word!r} is no number")
    return int(word)
