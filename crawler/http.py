"""The values of HTTP: what is asked for and what came of it. No client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, overload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from crawler.errors import FetchError

OF_THE_CONNECTION: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that describe the exchange itself, which belongs to the client and to nobody else."""

OF_ONE_URL: Final = frozenset(
    {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"}
)
"""Headers that are true of one URL only, such as validators."""

FORM: Final = "application/x-www-form-urlencoded"


class Headers:
    """Header fields in the order they came. Names compare without case; it never changes.

    Looked at by few readers, one field each, so it keeps the pairs alone and builds no index.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of `name`."""
        wanted = name.lower()
        for key, value in self._pairs:
            if key.lower() == wanted:
                return value
        return default

    def get_all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self._pairs if key.lower() == wanted]

    def joined(self, name: str) -> str:
        """Return all values of a list field as one line (RFC 9110 §5.3); empty when absent."""
        return ", ".join(self.get_all(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({self._pairs!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy by `scheme://host:port`, with its credentials; as text it has none."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GET to send, or the POST of a `form` (application/x-www-form-urlencoded).

    `timeout` shortens the fetcher's own total deadline, never lengthens it. With `keep_bytes`
    a body longer than that is cut there instead of refused (robots.txt, previews). `http2` says that
    HTTP/2 may be spoken, where the server offers it.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    timeout: timedelta | None = None
    keep_bytes: int | None = None
    form: bytes | None = field(default=None, repr=False)
    http2: bool = False
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A whole response, whatever its status; redirects are answers like others.

    `body` is decoded; `wire_bytes` counts the body as it was sent. `truncated` when it was cut at
    the request's `keep_bytes`. `http2` says that it came over HTTP/2. `dial_seconds` of the elapsed ones
    went by before anything was sent, for a connection of its own.
    """

    url: str
    status: int
    headers: Headers
    body: bytes
    wire_bytes: int
    elapsed_seconds: float
    truncated: bool = False
    http2: bool = False
    dial_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No response to judge, and why."""

    url: str
    error: FetchError
    elapsed_seconds: float


Outcome = Fetched | Failed
