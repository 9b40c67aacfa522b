"""One cookie: read from a Set-Cookie field, and matched with what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from crawler.policy.cookies.dates import cookie_date
from crawler.urls import is_public_suffix

if TYPE_CHECKING:
    from crawler.urls import Url

MAX_PAIR_BYTES: Final = 4_096
MAX_ATTRIBUTE_BYTES: Final = 1_024
LONGEST_LIFE: Final = timedelta(days=400)
_BLANKS: Final = " \t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie as it is kept; two with the same `key` are one, of which the later `changed_at` holds.

    `expires_at` is None for a session cookie, which lasts as long as its jar. `host_only` cookies go
    to `domain` alone, others to all below it too.
    """

    name: str
    value: str
    domain: str
    path: str
    host_only: bool
    secure: bool
    created_at: datetime
    changed_at: datetime
    expires_at: datetime | None = None
    key: bytes = field(init=False)

    def __post_init__(self) -> None:
        place = "\0".join((self.domain, "host" if self.host_only else "", self.path, self.name))
        object.__setattr__(self, "key", sha256(place.encode()).digest()[:16])

    @property
    def pair(self) -> str:
        return f"{self.name}={self.value}"

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def goes_to(self, url: Url) -> bool:
        """Say whether the cookie is sent along with a request for `url` (RFC 6265bis §5.8.3)."""
        if self.secure and not url.origin.startswith("https:"):
            return False
        in_domain = url.host == self.domain if self.host_only else domain_matches(url.host, self.domain)
        return in_domain and path_matches(url.path, self.path)


def read(line: str, *, url: Url, now: datetime) -> Cookie | None:
    """Return the cookie that the Set-Cookie field `line` of a response from `url` sets (§5.6, §5.7).

    None when it is to be ignored: malformed, too large, for somebody else's domain, or without what
    its prefix promises. One without a name is ignored too, as RFC 6265 §5.2 has it: its successor
    lets it be, but a server cannot tell such cookies apart. One that has expired deletes the cookie
    with its key.
    """
    if any((char < " " and char != "\t") or char == "\x7f" for char in line):
        return None
    pair, *rest = line.split(";")
    name, _, value = (part.strip(_BLANKS) for part in pair.partition("="))
    if not name or "=" not in pair:
        return None
    if len(name.encode()) + len(value.encode()) > MAX_PAIR_BYTES:
        return None
    said = _attributes(rest)
    domain = _domain(said.get("domain", ""), url)
    if domain is None:
        return None
    path = said.get("path", "")
    cookie = Cookie(
        name=name,
        value=value,
        domain=domain or url.host,
        path=path if path.startswith("/") else default_path(url.path),
        host_only=not domain,
        secure="secure" in said,
        created_at=now,
        changed_at=now,
        expires_at=_expiry(said, now),
    )
    return cookie if _may_be_set(cookie, said, url) else None


def _attributes(parts: list[str]) -> dict[str, str]:
    """Read attributes by lower-case name; the last of each counts, and too long ones count for nothing."""
    said: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        value = value.strip(_BLANKS)
        if len(value.encode()) <= MAX_ATTRIBUTE_BYTES:
            _note(said, name.strip(_BLANKS).lower(), value)
    return said


def _note(said: dict[str, str], name: str, value: str) -> None:
    """Keep an attribute, unless it is a time that nobody can read: then one before it holds."""
    if name == "expires" and cookie_date(value) is None:
        return
    if name == "max-age" and not _is_number(value):
        return
    said[name] = value


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit()


def _expiry(said: dict[str, str], now: datetime) -> datetime | None:
    """Return when a cookie ends, at most 400 days from `now`; Max-Age goes before Expires."""
    if "max-age" in said:
        seconds = int(said["max-age"][:12])
        return now + min(timedelta(seconds=max(seconds, 0)), LONGEST_LIFE)
    until = cookie_date(said.get("expires", ""))
    return until and min(until, now + LONGEST_LIFE)


def _domain(said: str, url: Url) -> str | None:
    """Return the domain a cookie is for, "" for its host alone, and None where it may not be set."""
    domain = said.removeprefix(".").lower()
    if not domain:
        return ""
    if not domain.isascii():
        return None
    if is_public_suffix(domain):
        return "" if domain == url.host else None
    return domain if domain_matches(url.host, domain) else None


def _may_be_set(cookie: Cookie, said: dict[str, str], url: Url) -> bool:
    """Say whether a cookie is what its flags and its name promise (§5.7 steps 8 to 22)."""
    if cookie.secure and not url.origin.startswith("https:"):
        return False
    if said.get("samesite", "").lower() == "none" and not cookie.secure:
        return False
    name = cookie.name.lower()
    if name.startswith("__host-"):
        return cookie.secure and cookie.host_only and said.get("path") == "/"
    return cookie.secure or not name.startswith("__secure-")


def domain_matches(host: str, domain: str) -> bool:
    """Say whether `host` is `domain` or lies below it; addresses have nothing below them (§5.1.3)."""
    if host == domain:
        return True
    return host.endswith(f".{domain}") and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def path_matches(path: str, cookie_path: str) -> bool:
    """Say whether `path` is `cookie_path` or lies below it (§5.1.4)."""
    if not path.startswith(cookie_path):
        return False
    return path == cookie_path or cookie_path.endswith("/") or path[len(cookie_path)] == "/"


def default_path(path: str) -> str:
    """Return the folder of the page that set a cookie without a path of its own (§5.1.4)."""
    return path[: path.rindex("/")] or "/" if path.startswith("/") else "/"
