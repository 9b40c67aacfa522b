"""What /robots.txt says: `HostileSite.robots` names one of these; with None there is no such file."""

from __future__ import annotations

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
    "latin-1": (200, b"# caf\xe9\n" + _RULES),
    "html": (200, b"<!doctype html><title>Home</title><p>Disallow: /"),
    "huge": (200, _RULES + b"# " + b"x" * 2_097_152 + b"\nUser-agent: *\nDisallow: /late/\n"),
    "forbidden": (403, b"no"),
    "too-many": (429, b"slow down"),
    "error": (500, b"oops"),
    "unavailable": (503, b"later"),
}


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
        case name:
            status, body = ROBOTS[name]
            await reply.send(status, body, [("Content-Type", "text/plain")])
