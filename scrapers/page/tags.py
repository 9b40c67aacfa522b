"""Tags with so many attributes that no parser gets through them: each is compared with all before it."""

from __future__ import annotations

import re
from typing import Final

MOST: Final = 5_000
"""Of one tag: these take 50 ms, and 50,000 take 11 s."""

LOOKED_INTO_CHARACTERS: Final = 131_072
"""As many attributes as fit into fewer take half a second, and most pages are shorter."""

_LONG: Final = re.compile(rf"<[a-z][^<]{{{4 * MOST},}}", re.IGNORECASE)
_VALUE: Final = r"""=\s*+(?:"[^"]*+"|'[^']*+')"""
_TAG: Final = re.compile(rf"<[^\s/>]++(?:{_VALUE}|[^>])*+")
_ATTRIBUTE: Final = re.compile(rf"[^\s/>=]++(?:\s*+(?:{_VALUE}|=\s*+[^\s>]*+))?")


def bounded(text: str) -> str:
    """Return HTML in which tags have their first attributes alone, where they have too many."""
    return text if len(text) < LOOKED_INTO_CHARACTERS else _LONG.sub(_shortened, text)


def _shortened(found: re.Match[str]) -> str:
    """Return what stands between two `<`, of which the tag may be a part and the rest text."""
    piece = found.group()
    tag = _TAG.match(piece)
    end = tag.end() if tag else 0
    for count, attribute in enumerate(_ATTRIBUTE.finditer(piece, 1, end)):
        if count > MOST:  # the first is the tag's name
            return piece[: attribute.start()] + piece[end:]
    return piece
