"""What the parser does not tell of heads: one length said twice, and lines that end with CR alone."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

_BLANK: Final = re.compile(rb"\n\r?\n")
_LENGTH: Final = re.compile(
    rb"^content-length:[ \t]*([0-9]+)[ \t]*\r?\n(?![ \t])", re.IGNORECASE | re.MULTILINE
)
_ENDED_BY_CR: Final = re.compile(rb":[ \t]*\r(?!\n)")


def has_line_ended_by_cr(raw: bytes, *, heads: int) -> bool:
    """Whether one of the first `heads` heads in `raw` has an empty value that CR alone ends (RFC 9112 §2.2).

    The parser takes it for a line, and what follows it for another header.
    """
    end = max((blank.end() for blank in islice(_BLANK.finditer(raw), heads)), default=len(raw))
    return _ENDED_BY_CR.search(raw, 0, end) is not None


def has_end(raw: bytes) -> bool:
    """Whether a head that `raw` begins with is whole."""
    return _BLANK.search(raw) is not None


def said_once(raw: bytes) -> bytes | None:
    """Return `raw`, which begins with a whole head, with its one length said once (RFC 9110 §8.6).

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
