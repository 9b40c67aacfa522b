"""Whether a body says itself that it is whole, where nothing around it does.

Over TLS a body of no length is only known to be whole where TLS itself ends (RFC 9112 §9.8), and some servers
end the connection alone. Of such a body those are taken that end as documents of their kind do: whoever cut
it there took nothing away.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

_TAIL: Final = 4_096
_HEAD: Final = 65_536
_END_TAG: Final = re.compile(rb"</([\w:.-]{1,100})\s{0,100}>\Z")
_START_TAG: Final = re.compile(rb"<([A-Za-z_][\w:.-]{0,99})[\s/>]")
_MOST_JSON: Final = 4 << 20
"""More is not looked through: the values of 20 MiB of empty lists take 600 MB, and a second of the loop."""
_CODED: Final = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})


def is_whole(body: bytes, *, content_type: str, coding: str) -> bool:
    """Say whether `body`, with its codings undone, ends where it should; False where it cannot be told.

    All codings that are undone have an end of their own. `content_type` is as its header says.
    """
    if not body:
        return False
    if any(name.strip() in _CODED for name in coding.lower().split(",")):
        return True
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/html":
        return _last_tag(body).lower() == b"html"
    if kind.endswith(("/xml", "+xml")):
        return _last_tag(body) == _root(body) != b""
    if kind.endswith(("/json", "+json")):
        return _is_json(body)
    return False


def _last_tag(body: bytes) -> bytes:
    """Return the name of the tag that ends a document, nothing where none does; comments may follow it."""
    tail = body[-_TAIL:].rstrip()
    while tail.endswith(b"-->"):
        tail = tail[: max(tail.rfind(b"<!--"), 0)].rstrip()
    found = _END_TAG.search(tail)
    return found[1] if found else b""


def _root(body: bytes) -> bytes:
    """Return the name of the first element of a document, nothing where it has none soon."""
    found = _START_TAG.search(_without_comments(body[:_HEAD]))
    return found[1] if found else b""


def _without_comments(text: bytes) -> bytes:
    kept = []
    while text:
        before, opened, rest = text.partition(b"<!--")
        kept.append(before)
        text = rest.partition(b"-->")[2] if opened else b""
    return b" ".join(kept)


def _is_json(body: bytes) -> bool:
    """Say whether a body is a whole object or list; half a number is a number."""
    if len(body) > _MOST_JSON or body.strip()[:1] not in {b"{", b"["}:
        return False
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
