"""What is sent over HTTP/1.1, byte for byte: where a URL leads and the head of its request."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from crawler.errors import BadRequest, NameNotFound
from crawler.fetch.inflate import ACCEPTED
from crawler.http import FORM, OF_THE_CONNECTION

if TYPE_CHECKING:
    from crawler.http import Proxy, Request

ACCEPT: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

_URL: Final = re.compile(
    r"(https?)://([^\x00-\x20\x7f-\U0010ffff/?#@\\]+)((?:[/?][^\x00-\x20\x7f#]*)?)(?:#.*)?", re.DOTALL
)
_AUTHORITY: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+))(?::([0-9]{0,5}))?")
_PORTS: Final = {"http": 80, "https": 443}
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Place(NamedTuple):
    """Where a connection leads: `host` as it is looked up, `authority` as it is told who listens there."""

    tls: bool
    host: str
    port: int
    authority: str

    @property
    def name(self) -> str:
        """The host as certificates have it."""
        return self.host.rstrip(".")


def split(url: str) -> tuple[Place, str]:
    """Return where a URL, which is canonical, leads and what is asked for there, as it is.

    Raises BadRequest for what is no http or https URL, and for one with a user name; NameNotFound.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        raise BadRequest("only http and https URLs without user name can be fetched")
    scheme, authority, target = parts.groups()
    return place_of(scheme, authority), target if target.startswith("/") else f"/{target}"


@lru_cache(maxsize=1_024)  # 0.1 µs where it takes 1.7, once a request
def place_of(scheme: str, authority: str) -> Place:
    """Return the place of a URL's first parts; raises BadRequest, or NameNotFound for what is no name."""
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or int(parts[3] or 0) > 65_535:
        raise BadRequest("the URL has no host, or a port that none has")
    port = int(parts[3]) if parts[3] else _PORTS[scheme]
    told = f"[{parts[1]}]" if parts[1] else parts[2].rstrip(".")
    if not told or (scheme == "https" and not _may_be_certified(told)):
        raise NameNotFound("the host name has an empty or too long part")
    if port != _PORTS[scheme]:
        told = f"{told}:{port}"
    return Place(tls=scheme == "https", host=parts[1] or parts[2], port=port, authority=told)


def _may_be_certified(name: str) -> bool:
    """Whether TLS can ask for a name: it encodes it so, and raises half way where that is not possible."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False


class Heads:
    """Makes the heads of requests; most have no headers but ours, and the same ones each time."""

    def __init__(self, user_agent: str) -> None:
        self._ours = {
            "user-agent": ("User-Agent", user_agent),
            "accept": ("Accept", ACCEPT),
            "accept-encoding": ("Accept-Encoding", ACCEPTED),
        }
        self._last: tuple[tuple[tuple[str, str], ...], str] = ((), _lines(self._ours))

    def of(self, request: Request, place: Place, target: str) -> bytes:
        """Return a whole request, form included. Raises BadRequest.

        A plain page is asked of a proxy by its whole URL; what is asked over TLS goes through a tunnel.
        """
        proxy = request.proxy if not place.tls else None
        if proxy is not None:
            target = f"http://{place.authority}{target}"
        plain = request.form is None and proxy is None
        lines = self._told(request.headers) if plain else _lines(self._fields(request, proxy))
        method = "GET" if request.form is None else "POST"
        try:
            head = f"{method} {target} HTTP/1.1\r\nHost: {place.authority}\r\n{lines}\r\n".encode()
        except UnicodeEncodeError:
            raise BadRequest from None
        return head if request.form is None else head + request.form

    def _told(self, headers: tuple[tuple[str, str], ...]) -> str:
        """Return the lines of a request with these headers alone: mostly those of the one before.

        To make them takes 2.1 µs, to see that they are the same 0.1.
        """
        if headers != self._last[0]:
            self._last = headers, _lines(self._with(headers))
        return self._last[1]

    def _with(self, headers: tuple[tuple[str, str], ...]) -> dict[str, tuple[str, str]]:
        """Return ours and `headers`, each once and in the place of its first."""
        fields = dict(self._ours)
        for name, value in headers:
            if name.lower() in OF_THE_CONNECTION:
                raise BadRequest(f"the header {name!r} cannot be set; it belongs to the connection")
            if _NAME.fullmatch(name) is None:
                raise BadRequest(f"{name!r} is not the name of a header")
            fields[name.lower()] = (name, value)
        return fields

    def _fields(self, request: Request, proxy: Proxy | None) -> dict[str, tuple[str, str]]:
        """Return all headers of a form, or of what is asked of a proxy."""
        fields = self._with(request.headers)
        if request.form is not None:
            fields["content-type"] = ("Content-Type", FORM)
        if proxy is not None and proxy.user:
            fields["proxy-authorization"] = ("Proxy-Authorization", _basic(proxy))
        if request.form is not None:
            fields["content-length"] = ("Content-Length", str(len(request.form)))
        return fields


def tunnel(place: Place, proxy: Proxy) -> bytes:
    """Return what asks a proxy for a tunnel (RFC 9110 §9.3.6); its credentials go no further.

    The host is told with its port, as the target is (RFC 9112 §3.2), whichever port that is.
    """
    end = f"[{place.host}]:{place.port}" if ":" in place.host else f"{place.host}:{place.port}"
    said = f"Proxy-Authorization: {_basic(proxy)}\r\n" if proxy.user else ""
    return f"CONNECT {end} HTTP/1.1\r\nHost: {end}\r\n{said}\r\n".encode()


def _lines(fields: dict[str, tuple[str, str]]) -> str:
    for name, value in fields.values():
        if _CONTROLS.search(value):
            raise BadRequest(f"the header {name!r} has a character that none may have")
    return "".join([f"{name}: {value}\r\n" for name, value in fields.values()])


def _basic(proxy: Proxy) -> str:
    return f"Basic {b64encode(f'{proxy.user}:{proxy.password}'.encode()).decode()}"
