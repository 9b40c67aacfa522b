"""One length said twice (RFC 9110 §8.6), of which the parser takes none."""

from __future__ import annotations

import re
from typing import Final

_BLANK: Final = re.compile(rb"\n\r?\n")
_LENGTH: Final = re.compile(
    rb"^content-length:[ \t]*([0-9]+)[ \t]*\r?\n(?![ \t])", re.IGNORECASE | re.MULTILINE
)


def has_end(raw: bytes) -> bool:
    """Whether a head that `raw` begins with is whole."""
    return _BLANK.search(raw) is not None


def said_once(raw: bytes) -> bytes | None:
    """Return `raw`, which begins with a whole head, with its one length said once.

    None where it was not said more than once, or said differently: then nobody knows where the body ends.
    """
    end = _BLANK.search(raw)
    if end is None:
        return None
    # the line before the blank one ends where that begins
    head, rest = raw[: end.start() + 1], raw[end.start() + 1 :]
    found = list(_LENGTH.finditer(head + b"\r\n"))
    if len(found) < 2 or len({length[1] for length in found}) > 1:
        return None
    for again in reversed(found[1:]):
        head = head[: again.start()] + head[again.end() :]
    return head + rest
