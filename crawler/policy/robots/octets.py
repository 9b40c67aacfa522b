"""How paths and patterns are spelled before they are compared: octet by octet (RFC 9309 §2.2.2)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote_from_bytes

_PLAIN: Final = re.compile(r"[!\"#&-)+-~]*")
_PATH_BEGINS: Final = re.compile(r"[/?]")
_TO_QUOTE: Final = re.compile(r"[^!-~]+")
_QUOTED: Final = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")


def path_of(url: str) -> str:
    """Return path and query of an absolute URL in normal form, `*` and `$` spelled as octets."""
    text = url.partition("#")[0]
    start = text.find("://")
    found = _PATH_BEGINS.search(text, start + 3 if start >= 0 else 0)
    path = text[found.start() :] if found else "/"
    if path[0] == "?":
        path = f"/{path}"
    if _PLAIN.fullmatch(path):  # nearly all: 0.2 µs where the rest takes 0.7
        return path
    return _normal(path).replace("*", "%2A").replace("$", "%24")


def pattern(value: str) -> str:
    """Return the value of a rule in normal form; only a `$` that ends it keeps its meaning."""
    text = _normal(value)
    return text[:-1].replace("$", "%24") + text[-1]


def _normal(text: str) -> str:
    """Spell each octet one way: unreserved characters bare, all others that are not ASCII quoted."""
    quoted = _TO_QUOTE.sub(lambda found: quote_from_bytes(found[0].encode(), safe=""), text)
    return _QUOTED.sub(_bare_or_upper, quoted)


def _bare_or_upper(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if _UNRESERVED.fullmatch(character) else found[0].upper()
