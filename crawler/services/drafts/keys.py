"""Every key a target may be given, and what each may hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson
import re2

from crawler.http import OF_ONE_URL, OF_THE_CONNECTION
from crawler.models import Scope
from crawler.services import seeds
from crawler.services.drafts import deadlines, keeping, logins, noise, proxies, quality, traps
from crawler.services.drafts.logins import HIDDEN
from crawler.services.drafts.values import (
    Wrong,
    array,
    choice,
    flag,
    integer,
    is_plain,
    kind_of,
    number,
    optional,
    text,
    wrong,
)
from crawler.urls import BadUrl, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.services.drafts.values import Reader

MAX_START_URLS: Final = 1_000
MAX_SITEMAPS: Final = 100
MAX_PATTERNS: Final = 100
MAX_PATTERN_LENGTH: Final = 500
MAX_PATTERN_BYTES: Final = 512 * 1024
"""What a compiled pattern may take: some 20,000 steps at most for each character of each link."""
MAX_HEADERS: Final = 50
MAX_JSON_BYTES: Final = 64 * 1024
DAY: Final = 24 * 3600

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_SECRET_NAME: Final = re.compile(r"auth|cookie|token|secret|key|password|session|credential", re.IGNORECASE)
_OWN_HEADERS: Final = {
    "user-agent": "set user_agent instead",
    **dict.fromkeys(OF_THE_CONNECTION | OF_ONE_URL | {"content-type"}, "the crawler sets this header itself"),
}


def is_secret(header: str) -> bool:
    """Say whether a header's value is only ever written, never shown."""
    return bool(_SECRET_NAME.search(header))


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return `headers` as people may see them: `HIDDEN` instead of the secrets."""
    return {name: HIDDEN if is_secret(name) else value for name, value in headers.items()}


def url(value: object) -> str:
    line = text(most=10_000, least=1)(value)
    try:
        return canonical(line).text
    except BadUrl as error:
        raise wrong(str(error)) from None


def sitemap(value: object) -> str:
    """Read the URL of a sitemap as it is: it is no page that others link to with marks of their own."""
    line = text(most=10_000, least=1)(value)
    try:
        return canonical(line, keep_tracking=True).text
    except BadUrl as error:
        raise wrong(str(error)) from None


def since(value: object) -> str:
    """Read since when what sitemaps list must have changed; a time without a zone is in UTC."""
    line = text(most=40)(value)
    if line.replace(" ", "_").lower() == seeds.LAST_RUN:
        return seeds.LAST_RUN
    if not seeds.is_understood(line):
        raise wrong("must be last_run, an age such as 12h, 7d or 2w, or a date such as 2026-01-31")
    return line


def pattern(value: object) -> str:
    """Read an RE2 expression, searched in canonical URLs."""
    line = text(most=MAX_PATTERN_LENGTH, least=1)(value)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PATTERN_BYTES
    try:
        re2.compile(line, options)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        if "too large" in reason:
            raise wrong("is too large: it repeats too much; use fewer or smaller {…}") from None
        raise wrong(
            f"is not a regular expression (RE2, without look-around and back-references): {reason}"
        ) from None
    return line


def headers(value: object) -> dict[str, str]:
    """Read header fields by name; names differ in more than case, values stay on one line."""
    if not isinstance(value, dict):
        raise wrong(f"must be an object of names and values, not {kind_of(value)}")
    if len(value) > MAX_HEADERS:
        raise wrong(f"has {len(value):,} entries; at most {MAX_HEADERS} are allowed")
    problems = [
        (str(name), message) for name, line in value.items() if (message := _header_problem(name, line))
    ]
    lower = [str(name).lower() for name in value]
    problems += [(str(name), "is there twice") for name in value if lower.count(str(name).lower()) > 1]
    if problems:
        raise Wrong(*problems)
    return {name: line.strip() for name, line in value.items()}


def _header_problem(name: object, line: object) -> str | None:
    if not isinstance(name, str) or len(name) > 100 or not _TOKEN.fullmatch(name):
        return "is not a header name"
    if name.lower() in _OWN_HEADERS:
        return _OWN_HEADERS[name.lower()]
    if not isinstance(line, str):
        return f"must be text, not {kind_of(line)}"
    if len(line) > 4_000:
        return "is too long; at most 4,000 characters are allowed"
    if not is_plain(line.replace("\t", " ")) or not _is_latin(line):
        return "must be one line of Latin-1 characters"
    return None


def _is_latin(line: str) -> bool:
    return all(char <= "\xff" for char in line)


def user_agent(value: object) -> str:
    line = text(most=400)(value)
    if not line.isascii():
        raise wrong("must be ASCII")
    return line


def json_object(value: object) -> dict[str, Any]:
    """Read an object that can be stored as JSON; what it means is for its scraper to say."""
    if not isinstance(value, dict):
        raise wrong(f"must be an object, not {kind_of(value)}")
    try:
        size = len(stored := orjson.dumps(value))
    except TypeError:
        raise wrong(
            "cannot be stored as JSON: numbers must fit 64 bits, text must be valid Unicode"
        ) from None
    if size > MAX_JSON_BYTES:
        raise wrong(f"is too large: {size:,} bytes; at most {MAX_JSON_BYTES:,} are allowed")
    if b"\\u0000" in stored:
        raise wrong("contains a NUL character; remove it")
    return value


KEYS: Final[Mapping[str, Reader[Any]]] = {
    "name": text(most=200, least=1),
    "start_urls": array(url, least=1, most=MAX_START_URLS),
    "sitemaps": array(sitemap, most=MAX_SITEMAPS),
    "robots_sitemaps": flag,
    "sitemaps_since": since,
    "scope": choice(Scope),
    "include": array(pattern, most=MAX_PATTERNS),
    "exclude": array(pattern, most=MAX_PATTERNS),
    "max_depth": optional(integer(least=0, most=1_000)),
    "max_pages": optional(integer(least=1, most=1_000_000_000)),
    "max_minutes": optional(integer(least=1, most=366 * 24 * 60)),
    "traps": optional(traps.read),
    "deadline": optional(deadlines.read),
    "max_age_seconds": optional(integer(least=60, most=366 * DAY)),
    "refresh_per_day": optional(integer(least=1, most=1_000_000)),
    "removed_after": optional(integer(least=1, most=100)),
    "priority": integer(least=0, most=9),
    "delay_seconds": optional(number(least=0, most=DAY)),
    "connections": optional(integer(least=1, most=64)),
    "adapt_pace": flag,
    "http2": flag,
    "obey_robots": flag,
    "cookies": flag,
    "proxies": proxies.read,
    "login": logins.read,
    "headers": headers,
    "user_agent": user_agent,
    "scraper": text(most=100, least=1),
    "options": json_object,
    "fields": json_object,
    "row": text(most=1_000),
    "key": array(text(most=200, least=1), most=20),
    "quality": quality.read,
    "keep": optional(keeping.read),
    "noise": noise.read,
    "tags": array(text(most=50, least=1), most=50),
    "enabled": flag,
    "shared": flag,
}
"""The columns a person sets, in the order of the form; `schedule` comes on top."""
