"""When two URLs are one: parsing, canonical form and key, all by one parser (WHATWG, ada)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from ada_url import idna_to_ascii, join_url, normalize_url

if TYPE_CHECKING:
    from tldextract import TLDExtract

MAX_LENGTH: Final = 2_048

_TRACKING: Final = re.compile(
    r"(?:utm_[^=]*|(?:g|d|fb|tt|tw|y|ys)clid|msclkid|irclickid|gclsrc|gbraid|wbraid|gad_source|gad_campaignid"
    r"|srsltid|igshid|li_fat_id|mc_[ce]id|mkt_tok|vero_id|oly_(?:anon|enc)_id|_hs(?:enc|mi)|_gl|_ga"
    r"|_openstat|wickedid|rb_clickid)(?:=|$)",
    re.IGNORECASE,
)


class BadUrl(ValueError):
    """No URL that can be fetched; the message tells the person what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """One URL in canonical form: the WHATWG serialisation without fragment and tracking parameters.

    `origin` is `https://example.org[:port]` (RFC 6454), `host` the name or address alone, IPv6 in
    brackets; `key` is the first 16 bytes of the SHA-256 of `text`.
    """

    text: str
    origin: str
    host: str
    path: str
    key: bytes

    def __str__(self) -> str:
        return self.text


def canonical(url: str, *, base: str | None = None, keep_tracking: bool = False) -> Url:
    """Return the canonical form of `url`, read as a link on the page `base` when that is given.

    Raises BadUrl for what is not http or https, carries user-info, has no valid host or is longer
    than 2,048 characters.
    """
    try:
        text = normalize_url(url) if base is None else join_url(base, url)
    except ValueError:
        raise BadUrl(_what_is_wrong(url, base)) from None
    if "#" in text:
        text = text[: text.index("#")]
    if "?" in text and not keep_tracking:
        text = _without_tracking(text)
    if len(text) > MAX_LENGTH:
        raise BadUrl(f"the URL has {len(text):,} characters; shorten it to at most {MAX_LENGTH:,}")
    return _split(text)


def path_key(url: Url) -> int | None:
    """Return a number that all queries of one path share, within 64 bits; None for a URL without one."""
    path, mark, _ = url.text.partition("?")
    return int.from_bytes(sha256(path.encode()).digest()[:8], signed=True) if mark else None


def _split(text: str) -> Url:
    """Cut a serialised URL up; its authority always ends at the first slash after the scheme's."""
    if text.startswith("https://"):
        start = 8
    elif text.startswith("http://"):
        start = 7
    else:
        raise BadUrl(_wrong_scheme(text))
    slash = text.index("/", start)
    origin, host = _origin_and_host(text[:slash], start)
    query = text.find("?", slash)
    return Url(
        text=text,
        origin=origin,
        host=host,
        path=text[slash:] if query < 0 else text[slash:query],
        key=key_of(text),
    )


@lru_cache(maxsize=4_096)  # URLs of a site share the two strings, and each takes 0.3 µs less
def _origin_and_host(origin: str, start: int) -> tuple[str, str]:
    host = origin[start:]
    if "@" in host:
        raise BadUrl("take the user name and password out of the URL; logins are set on the target")
    if ":" in host and host[-1] != "]":
        host = host[: host.rindex(":")]
    if "xn--" in host:
        _check_punycode(host)
    return origin, host


def key_of(text: str) -> bytes:
    """Return the key of a URL in canonical form."""
    return sha256(text.encode()).digest()[:16]


def _without_tracking(text: str) -> str:
    head, _, query = text.partition("?")
    parts = query.split("&")
    kept = [part for part in parts if not _TRACKING.match(part)]
    if len(kept) == len(parts):
        return text
    return f"{head}?{'&'.join(kept)}" if kept else head


def left_out(url: str) -> tuple[str, ...]:
    """Return what the canonical form of `url` lacks: `#` for its fragment, tracking parameters by name.

    Raises BadUrl.
    """
    kept = canonical(url, keep_tracking=True).text
    names = [part.partition("=")[0] for part in kept.partition("?")[2].split("&") if _TRACKING.match(part)]
    return (*dict.fromkeys(names), *(["#"] if "#" in url else []))


def _check_punycode(host: str) -> None:
    """Refuse labels that encode nothing: they must decode, and encode to themselves (UTS 46 §4)."""
    for label in host.split("."):
        if label.startswith("xn--") and not _decodes(label):
            raise BadUrl(f"{label!r} in the host name is not valid Punycode; correct the host name")


def _decodes(label: str) -> bool:
    try:
        name = label.removeprefix("xn--").encode("ascii").decode("punycode")
        return not name.isascii() and idna_to_ascii(name) == label.encode()
    except ValueError:
        return False


def _what_is_wrong(url: str, base: str | None) -> str:
    shown = url if len(url) <= 100 else f"{url[:100]}…"
    scheme, colon, _ = url.strip().partition(":")
    if base is None and (not colon or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.\-]*", scheme) or "." in scheme):
        return f"{shown!r} is not a whole URL; write it with its scheme, such as https://example.org/"
    return f"{shown!r} is not a valid URL; check its host name and port"


def _wrong_scheme(text: str) -> str:
    scheme, _, rest = text.partition(":")
    if rest[:1].isdigit():  # `localhost:8000` reads as a scheme
        return f"{text!r} is not a whole URL; write it with its scheme: http://{text}"
    return f"only http and https can be fetched, not {scheme}"


@lru_cache(maxsize=65_536)
def registrable_domain(host: str) -> str:
    """Return the part of `host` that somebody registered: `shop.example.co.uk` gives `example.co.uk`.

    Names below the private suffixes of the Public Suffix List (`someone.github.io`) belong to
    different people and count so. IP addresses, public suffixes and single labels are themselves.
    """
    name = host.rstrip(".")
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return _public_suffixes()(name).top_domain_under_public_suffix or name
    return host


def is_public_suffix(name: str) -> bool:
    """Say whether anybody may register names below `name`: `com`, `co.uk`, `github.io`, single labels."""
    found = _public_suffixes()(name)
    return (not found.domain and found.suffix == name) or "." not in name


@cache
def _public_suffixes() -> TLDExtract:
    # slow to import and seldom needed; only its bundled list, nothing fetched and nothing written
    from tldextract import TLDExtract

    return TLDExtract(
        cache_dir=None, suffix_list_urls=(), fallback_to_snapshot=True, include_psl_private_domains=True
    )
