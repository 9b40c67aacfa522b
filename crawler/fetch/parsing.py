"""Reads the answers on one connection with httptools (llhttp), each within its bounds. No connection here."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from crawler.errors import BadResponse, ConnectionLost, FetchError, HeaderBomb, TooLarge, TruncatedBody
from crawler.fetch import lengths
from crawler.fetch.answers import headers_of
from crawler.http import Headers

if TYPE_CHECKING:
    from crawler.fetch.limits import FetchLimits

_MAX_INTERIM: Final = 20
_SWITCHING: Final = 101
_BODILESS: Final = frozenset({204, 304})
_TWO_LENGTHS: Final = "Duplicate Content-Length"
_FRAMING_PER_BYTE: Final = 8
_NO_HEADERS: Final = Headers()


class Answer(NamedTuple):
    """A whole answer; `sent` is its one body as it was sent, for whoever takes it out.

    Of one that is `unsealed` nobody has said that the body is whole: over TLS its connection ended alone.
    """

    status: int
    headers: Headers
    sent: list[bytes]
    unsealed: bool


class _Surplus(Exception):
    """Something follows an answer that is complete."""


class AnswerParser:
    """Reads one answer after the other: `begin`, then `feed` until `complete` or `cut`.

    Nothing but the answer that was begun is ever read: what follows it makes the connection unusable
    (`reusable`), so that no server decides what the next request is answered with. `heard` when anything
    came, `head` when the head is whole, `size` is that of the body so far.

    As lenient as servers need it: header values with stray octets, spaces after a header's name, lines that
    end with LF alone, spaces after a chunk's size. Never lenient about where a body ends.
    """

    def __init__(self, limits: FetchLimits) -> None:
        self._limits = limits
        self._most, self._cuts, self._tunnel = 0, False, False
        self.heard = self._mended = False
        self._start()
        self._parser: HttpResponseParser | None = self._lenient()

    def close(self) -> None:
        """Let go of what was read, and of the parser that calls this one back: they hold each other."""
        self._start()
        self._parser = None

    def begin(self, *, most: int, cuts: bool = False, tunnel: bool = False) -> None:
        """Expect an answer with a body of at most `most` bytes; a longer one is cut, or TooLarge.

        An answer that opens a tunnel has no body.
        """
        self._most, self._cuts, self._tunnel = most, cuts, tunnel
        self.heard = self._mended = False
        self._start()

    def _start(self) -> None:
        self.head = self.complete = self.cut = self.reusable = False
        self.status = self.size = 0
        self.headers = _NO_HEADERS
        self._raw: list[tuple[bytes, bytes]] = []
        self._seen: list[bytes] = []
        self._body = b""
        self._more: BytesIO | None = None
        self._length = -1
        self._chunked = self._skips = self._emptied = self._unsealed = False
        self._interim = self._seen_bytes = self._framing = self._barren = 0

    def _lenient(self) -> HttpResponseParser:
        parser = HttpResponseParser(self)
        parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        return parser

    def _open(self) -> HttpResponseParser:
        if self._parser is None:
            raise BadResponse
        return self._parser

    def feed(self, data: bytes) -> None:
        """Read what has come. Raises BadResponse, HeaderBomb or TooLarge, after which nothing can be read."""
        head, size = self.head, self.size
        self.heard = True
        if not head:
            self._seen.append(data)
            self._seen_bytes += len(data)
        self._read(data)
        if self.complete:
            self._seen.clear()
        elif not self.head:
            if self._seen_bytes > self._limits.max_header_bytes:
                raise HeaderBomb
        elif head:
            self._bound_framing(len(data), self.size - size)
        else:
            self._seen.clear()

    def _bound_framing(self, came: int, gained: int) -> None:
        """Bound what comes beside a body: all of it by the body's size, and a piece without any by itself.

        Such a piece may be a trailer, which the parser holds until it ends.
        """
        self._framing += came - gained
        self._barren = 0 if gained else self._barren + came
        most = self._limits.max_header_bytes
        if self._barren > most or self._framing > most + _FRAMING_PER_BYTE * self.size:
            raise BadResponse("the server sends chunks with next to nothing in them")

    def end(self, *, farewell: bool = True) -> None:
        """Say that the server ends in order. Raises ConnectionLost, or TruncatedBody.

        Without a `farewell` of TLS anybody on the way may have ended it: only a body that says its own end
        is known to be whole (RFC 9112 §9.8), and another one is `unsealed`.
        """
        if self.complete:
            return
        if not self.head:
            raise ConnectionLost
        if self._chunked or self._length >= 0:
            raise TruncatedBody
        self.complete, self._unsealed = True, not farewell

    def take(self) -> Answer:
        """Return the answer, and keep nothing of it."""
        body = self._body if self._more is None else self._more.getvalue()
        self._body, self._more = b"", None
        return Answer(self.status, self.headers, [body], self._unsealed)

    def _read(self, data: bytes) -> None:
        if not self._skips:
            self._try(data)
        if self._skips:
            self._read_again()

    def _try(self, data: bytes) -> None:
        try:
            self._open().feed_data(data)
        except HttpParserUpgrade:
            raise BadResponse("the server changes to a protocol that nobody asked for") from None
        except HttpParserCallbackError as error:
            self._raise(error.__context__)
        except HttpParserError as error:
            if self.complete:
                self.reusable = False
            elif self.head or str(error) != _TWO_LENGTHS:
                raise BadResponse from None
            else:
                self._skips = True

    def _raise(self, error: BaseException | None) -> None:
        self.reusable = False
        if isinstance(error, FetchError):
            raise error.with_traceback(None) from None
        if not isinstance(error, _Surplus):
            raise BadResponse from None

    def _read_again(self) -> None:
        """Read a head that says its length more than once, as soon as it is whole; one for each answer."""
        raw = b"".join(self._seen)
        if not lengths.has_end(raw):
            return
        mended = lengths.said_once(raw) if not self._mended else None
        if mended is None:
            raise BadResponse("the answer has lengths that differ")
        self._start()
        self._mended = True
        self._seen.append(mended)
        self._parser = self._lenient()
        self._try(mended)
        if self._skips:
            raise BadResponse

    # what httptools calls

    def on_message_begin(self) -> None:
        if self.complete:
            raise _Surplus

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head:
            return  # a trailer, of which nothing is wanted
        name, value = name.rstrip(b" "), value.rstrip(b" \t")
        if b"\0" in value:
            raise BadResponse
        if not value:
            self._emptied = True
        self._raw.append((name, value))
        if len(self._raw) > self._limits.max_headers:
            raise HeaderBomb
        match len(name):  # most names are told by it alone: 0.3 µs less of ten an answer
            case 14 if name.lower() == b"content-length":
                self._length = int(value)
            case 17 if name.lower() == b"transfer-encoding":
                self._chunked = self._chunked or b"chunked" in value.lower()

    def on_headers_complete(self) -> None:
        status = self._open().get_status_code()
        if status < 100:
            raise BadResponse
        if status == _SWITCHING:
            raise BadResponse("the server changes to a protocol that nobody asked for")
        if self._emptied and lengths.has_line_ended_by_cr(b"".join(self._seen), heads=self._interim + 1):
            raise BadResponse
        if 100 <= status < 200:
            self._interim += 1
            if self._interim > _MAX_INTERIM:
                raise BadResponse("the server sends one interim response after the other")
            return
        self.status = status
        self.headers = headers_of(self._raw, self._limits)
        self.head = True
        if self._tunnel:
            self.complete = self.reusable = True
        elif self._length > self._most and not self._cuts and status not in _BODILESS:
            raise TooLarge(f"the page has {self._length:,} bytes; the limit is {self._most:,}")

    def on_body(self, body: bytes) -> None:
        if self.complete:
            raise _Surplus
        if self.cut:
            return
        self.size += len(body)
        if self._more is not None:
            self._more.write(body)
        elif not self._body:
            self._body = body
        else:  # holds no piece twice, as joining them does; most bodies are one, which saves 0.3 µs
            self._more = BytesIO()
            self._more.write(self._body)
            self._more.write(body)
            self._body = b""
        if self.size > self._most:
            if not self._cuts:
                raise TooLarge(f"the page has more than {self._most:,} bytes")
            self.cut = True

    def on_message_complete(self) -> None:
        if not self.head:  # an interim response (RFC 9110 §15.2): another follows
            self._raw, self._length, self._chunked, self._emptied = [], -1, False, False
        elif not self.complete:
            self.complete = True
            parser = self._open()
            # what HTTP/1.0 says with Transfer-Encoding is not to be trusted (RFC 9112 §6.1)
            faulty = self._chunked and parser.get_http_version() != "1.1"
            self.reusable = parser.should_keep_alive() and not faulty
