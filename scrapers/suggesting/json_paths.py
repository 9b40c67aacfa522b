"""How JMESPath writes the way to a value: keys that are no plain words stand in quotes."""

from __future__ import annotations

import json
import re
from typing import Final

MOST_CHARACTERS: Final = 100
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RAW: Final = re.compile(r"[^'\\\x00-\x1f]{1,60}")


def can_select(key: str) -> bool:
    """Whether a path may go through `key`."""
    return 0 < len(key) <= MOST_CHARACTERS and key.isprintable()


def quoted(key: str) -> str:
    return key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def joined(path: str, key: str) -> str:
    """Return the path to `key` of what `path` leads to, which is the whole where it is empty."""
    return f"{path}.{quoted(key)}" if path else quoted(key)


def can_compare(text: str) -> bool:
    """Whether `where` may ask for `text`."""
    return _RAW.fullmatch(text) is not None


def where(path: str, key: str, text: str) -> str:
    """Return the path to the members whose `key` is `text`, of the list or the lists at `path`."""
    # what goes through a list makes lists of lists, and a filter would be asked of these
    flat = f"{path}[] | " if "[" in path else path
    return f"{flat}[?{quoted(key)}=='{text}']"


def values(path: str) -> str:
    """Return the path to the values, which are objects, of the object at `path`."""
    if not path:
        return "*"
    return f"{path}.*[]" if "[" in path else f"{path}.*"
