"""What /robots.txt says: `HostileSite.robots` names one of these; with None there is no such file."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.site.reply import Reply
    from tests.site.server import HostileSite, Received

_RULES: Final = b"User-agent: *\nDisallow: /private/\nAllow: /private/open\nSitemap: /sitemap.xml\n"

ROBOTS: Final[dict[str, tuple[int, bytes]]] = {
    "rules": (200, _RULES),
    "disallow-all": (200, b"User-agent: *\nDisallow: /\n"),
    "empty": (200, b""),
    "crawl-delay": (200, b"User-agent: *\nCrawl-delay: 3\nDisallow: /private/\n"),
    "bom": (200, b"\xef\xbb\xbf" + _RULES),
    "half-bom": (200, b"\xef\xbb" + _RULES),
    "carriage-returns": (200, _RULES.replace(b"\n", b"\r")),
    "crlf": (200, _RULES.replace(b"\n", b"\r\n")),
    "latin-1": (200, b"# caf\xe9\n" + _RULES),
    "html": (200, b"<!doctype html><title>Home</title><p>Disallow: /"),
    "huge": (200, _RULES + b"# " + b"x" * 2_097_152 + b"\nUser-agent: *\nDisallow: /late/\n"),
    "gone": (410, b"gone"),
    "forbidden": (403, b"no"),
    "too-many": (429, b"slow down"),
    "error": (500, b"oops"),
    "unavailable": (503, b"later"),
}


HEADED: Final[dict[str, tuple[bytes, tuple[str, str]]]] = {
    "gzip": (gzip.compress(_RULES), ("Content-Encoding", "gzip")),
    "short-lived": (_RULES, ("Cache-Control", "max-age=60")),
    "cached-for-hours": (_RULES, ("Cache-Control", "public, max-age=27000")),
}
"""Files that come with a header."""

_HOPS: Final = {"five-hops": 5, "six-hops": 6}


async def robots(site: HostileSite, _request: Received, reply: Reply) -> None:
    match site.robots:
        case None:
            await reply.send(404, b"none")
        case "redirects":
            await reply.send(301, headers=[("Location", "/moved-robots.txt")])
        case "loops":
            await reply.send(302, headers=[("Location", "/robots.txt")])
        case "breaks":
            reply.reset()
        case "half":
            await reply.head(200, [("Content-Length", "1000")])
            await reply.raw(_RULES)
            reply.close()
        case "hangs":
            await asyncio.sleep(30)
        case "five-hops" | "six-hops" as name:
            await reply.send(301, headers=[("Location", f"/redirect/{_HOPS[name] - 1}")])
        case name if name in HEADED:
            content, header = HEADED[name]
            await reply.send(200, content, [("Content-Type", "text/plain"), header])
        case name:
            status, body = ROBOTS[name]
            await reply.send(status, body, [("Content-Type", "text/plain")])
