"""The header `Link` (RFC 8288): references that a response makes beside its body."""

from __future__ import annotations

import re
from typing import Final

MOST_CHARACTERS: Final = 8_192

_LINK: Final = re.compile(r"<([^<>]*)>((?:\s*;\s*[^\s=;,\"<>]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,\"<>]*))?)*)")
_PARAMETER: Final = re.compile(r";\s*([^\s=;,\"]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]*))")


def targets(header: str, *, rel: str) -> list[str]:
    """Return the references of this relation as they are written; those of another page are left out."""
    found = []
    for reference, parameters in _LINK.findall(header[:MOST_CHARACTERS]):
        said: dict[str, str] = {}
        for name, quoted, bare in _PARAMETER.findall(parameters):
            said.setdefault(name.lower(), quoted or bare)  # of several the first counts (RFC 8288 §3.3)
        if rel in said.get("rel", "").lower().split() and "anchor" not in said:
            found.append(reference.strip())
    return found
