"""Everything that can go wrong on the wire, as one tree, and every stable code with its meaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

TimeLimit = Literal["connect", "headers", "total", "too_slow"]


class FetchError(Exception):
    """A fetch that gave no response to judge.

        FetchError                      fetch_failed
        ├── Unreachable                 unreachable
        │   ├── NameNotFound            name_not_found
        │   ├── DnsFailed               dns_failed
        │   ├── ConnectFailed           connect_failed
        │   └── ConnectionLost          connection_lost
        ├── TimedOut                    timed_out
        ├── TlsFailed                   tls_failed
        ├── Refused                     address_refused
        ├── TooLarge                    too_large
        ├── BadContent                  bad_content
        │   ├── BadEncoding             bad_encoding
        │   ├── TruncatedBody           truncated_body
        │   └── InflationBomb           inflation_bomb
        ├── BadResponse                 bad_response
        │   └── HeaderBomb              header_bomb
        ├── BadRequest                  bad_request
        ├── RedirectError               bad_redirect
        │   ├── RedirectLoop            redirect_loop
        │   └── TooManyRedirects        too_many_redirects
        ├── ProxyFailed                 proxy_failed
        ├── RobotsForbidden             robots
        └── HostWaits                   host_waits

    `code` is stored, counted, shown and documented: it never changes. The text is for people,
    and names no address that was resolved.
    """

    code: ClassVar[str] = "fetch_failed"
    summary: ClassVar[str] = "the page could not be fetched"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.summary)

    @property
    def message(self) -> str:
        return str(self)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash((type(self), str(self)))


class Unreachable(FetchError):
    code = "unreachable"
    summary = "the host could not be reached"


class NameNotFound(Unreachable):
    code = "name_not_found"
    summary = "the host name does not exist"


class DnsFailed(Unreachable):
    code = "dns_failed"
    summary = "the host name could not be looked up"


class ConnectFailed(Unreachable):
    code = "connect_failed"
    summary = "the host accepted no connection"


class ConnectionLost(Unreachable):
    code = "connection_lost"
    summary = "the host closed the connection before it answered"


class TimedOut(FetchError):
    """`which` names the time limit that ended it."""

    code = "timed_out"
    summary = "the answer took too long"

    def __init__(self, message: str | None = None, *, which: TimeLimit = "total") -> None:
        super().__init__(message or _TIMED_OUT[which])
        self.which: TimeLimit = which


_TIMED_OUT: Final[Mapping[TimeLimit, str]] = {
    "connect": "no connection within the time limit",
    "headers": "no response headers within the time limit",
    "total": "the page was not complete within the time limit",
    "too_slow": "the page arrived more slowly than the lowest rate allowed",
}


class TlsFailed(FetchError):
    code = "tls_failed"
    summary = "no secure connection could be made"


class Refused(FetchError):
    """The egress guard allows no connection there; the message says how an operator could."""

    code = "address_refused"
    summary = (
        "this address is not on the public web, so it was not contacted; "
        "whoever runs Trawl can open its network and port, such as EGRESS_ALLOW=10.1.0.0/16:8080"
    )


class TooLarge(FetchError):
    code = "too_large"
    summary = "the page is larger than the size limit"


class BadContent(FetchError):
    code = "bad_content"
    summary = "the body could not be read"


class BadEncoding(BadContent):
    code = "bad_encoding"
    summary = "the body is not encoded as its Content-Encoding says"


class TruncatedBody(BadContent):
    code = "truncated_body"
    summary = "the body ended before it was complete"


class InflationBomb(BadContent):
    code = "inflation_bomb"
    summary = "the body inflates to far more than was sent"


class BadResponse(FetchError):
    code = "bad_response"
    summary = "the answer is not valid HTTP"


class HeaderBomb(BadResponse):
    code = "header_bomb"
    summary = "the response has too many or too large headers"


class BadRequest(FetchError):
    code = "bad_request"
    summary = "this request cannot be sent: its URL or one of its headers is not valid"


class RedirectError(FetchError):
    code = "bad_redirect"
    summary = "the redirect leads to no page"


class RedirectLoop(RedirectError):
    code = "redirect_loop"
    summary = "the redirects lead back to where they came from"


class TooManyRedirects(RedirectError):
    code = "too_many_redirects"
    summary = "the redirects do not end"


class ProxyFailed(FetchError):
    """Nothing was sent to the host: the trouble is the proxy's."""

    code = "proxy_failed"
    summary = "the target's proxy could not be used"


class RobotsForbidden(FetchError):
    code = "robots"
    summary = "robots.txt forbids this page"


class HostWaits(FetchError):
    code = "host_waits"
    summary = "the host is not to be asked yet"


_BEYOND_FETCHING: Final = {
    "robots_unreachable": "robots.txt could not be fetched, so nothing on this host may be",
    "worker_lost": "three worker processes ended while they had this page alone",
    "reader_hung": "reading this page did not end, so its process had to",
    "cancelled": "the run was cancelled first",
    "time_limit": "the run's time was up first",
    "host_unavailable": "the host asked us to wait for longer than we wait for any host",
    "lease_lost": "the worker could not be sure any more that it holds the host, so it sent nothing",
    "logged_out": "the site shows this page to strangers only as its login page, also after logging in again",
    "login_failed": "the run could not log in",
    "trap_alike": "the pages of its shape of URL bring nothing new any more",
    "circuit_open": "the host failed ten times in a row",
    "reader_failed": "reading the page failed with an error of its own; the log says which",
    "reader_timed_out": "reading the page took longer than the time limit",
    "page_limit": "the run's page limit is used up, so no more sitemaps are read",
    "sitemap_unreadable": "what came is no sitemap that can be read; the run's problems say why",
    "preview_failed": "the worker could not finish the test fetch",
}


def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    waiting: list[type[FetchError]] = [FetchError]
    while waiting:
        error = waiting.pop(0)
        found[error.code] = error.summary
        waiting.extend(error.__subclasses__())
    return found | _BEYOND_FETCHING


CODES: Final[Mapping[str, str]] = _codes()
"""Every code with its meaning, but `status-<n>`: the server answered with status n (see `explain`)."""


OUTSIDE: Final[Mapping[str, str]] = {
    "page": "is none of the start URLs, and only those are fetched",
    "prefix": "lies outside of the start URLs' folders",
    "host": "lies outside of the start URLs' hosts",
    "domain": "lies outside of the start URLs' domains",
    "depth": "is too many links away from a start URL",
    "include": "matches none of the target's patterns",
    "exclude": "matches one of the patterns to leave out",
    "foreign": "is listed by the sitemap of another site, and its own host's robots.txt does not name that",
    "unchanged": "is said by its sitemap not to have changed since the target asks for",
    "trap_depth": "is too many links away from a start URL: more than 20, unless the target says otherwise",
    "trap_segments": "has too many parts in its path: more than 20, unless the target says otherwise",
    "trap_repeats": "repeats a part of its path: more than twice, unless the target says otherwise",
    "trap_length": "is too long: more than 2,048 characters, unless the target says less",
    "trap_variants": "is a query too many of its path: beyond 100, unless the target says otherwise",
    "trap_alike": "is of a shape whose pages bring nothing new: 200, unless the target says otherwise",
}
"""Why a link is not followed: what is true of it."""

MORE_PROBLEMS: Final = "more_problems"
INCOMPLETE: Final = "record_incomplete"
NOT_COMPLETED: Final = "record_not_completed"
READING: Final[Mapping[str, str]] = {
    "too_much_memory": "reading the page takes more memory than one may; its beginning is read",
    "nested_too_deep": "so many tags are left open that the page would take too long; its beginning is read",
    "missing_required": "a required field was not there; the record is not stored",
    "bad_type": "a value is not of its type; it is left out, and with it the record where it is required",
    "invalid_value": (
        "a value breaks a rule of its field; it is left out, and with it the record where it is required"
    ),
    "key_missing": "an item lacks one of the target's key fields; it is not stored",
    "scraper_raised": (
        "the scraper raised an exception; the page keeps the items it gave before, and its links"
    ),
    INCOMPLETE: "the page that completes a record was not had; it is stored without what stands there",
    NOT_COMPLETED: "the page that completes a record was not had, and without it the record is not stored",
    "item_too_large": "an item has more than 1 MiB of JSON; it is not stored",
    "not_a_feed": "what came looks like a feed and is not read as one, such as XML with a DOCTYPE",
    "file_truncated": "a picture or document is cut off; its item says what came",
    "picture_too_large": "a picture has more than 40,000,000 pixels; it is described and has no small copy",
    "picture_unreadable": "what is said to be a picture is none that is read; it gives no item",
    "page_too_long": "the page is longer than its scraper reads; its beginning is read",
    "too_many_items": "a page gave more than 10,000 items; the rest is not stored",
    "reader_failed": "reading the page failed with an error of its own; nothing of it is stored",
    "reader_timed_out": "reading the page took longer than the time limit; nothing of it is stored",
    "not_a_sitemap": "what came for a sitemap is neither a sitemap, nor a feed, nor a list of URLs",
    "sitemap_malformed": "the sitemap is damaged; what stood before the damage is taken",
    "sitemap_doctype": "the sitemap has a DOCTYPE; nothing of it is taken",
    "sitemap_too_large": "the sitemap has more than 50 MiB; what stands in the first 50 is taken",
    "sitemap_too_many_urls": "the sitemap lists more than 50,000 URLs; the rest is not taken",
    "sitemap_bad_urls": "the sitemap lists what is no http or https URL",
    "sitemap_too_deep": "the sitemap is more than three indexes deep; it is not read",
    "too_many_sitemaps": "more than 10,000 sitemaps are named; the rest is not read",
    MORE_PROBLEMS: "more kinds of problems than are told apart",
}
"""Every problem that a page's reading has, with its meaning; a scraper may have codes of its own."""


def explain(code: str) -> str:
    """Return one line for people on what `code` means; with its cause for `robots_unreachable: <cause>`."""
    if code.startswith("status-"):
        return f"the server answered with status {code.removeprefix('status-')}"
    first, _, cause = code.partition(": ")
    if first == "login_failed" and cause:
        return f"{CODES[first]}: {cause}"
    if first in CODES and explain(cause) != cause:
        return f"{CODES[first]}: {explain(cause)}"
    return CODES.get(code, code)


def spoken(reason: str) -> str:
    """Return a stored reason with its code explained: `status-404` alone, or at the end in parentheses."""
    if explain(reason) != reason:
        return f"{reason}, {explain(reason)}"
    return _CODE_AT_END.sub(lambda code: f"({spoken(code[1])})", reason)


def in_words(reason: str) -> str:
    """Return a stored reason with words in the place of its code, wherever that stands."""
    if explain(reason) != reason:
        return explain(reason)
    return _CODE_AT_END.sub(lambda code: f"({explain(code[1])})", reason)


_CODE_AT_END: Final = re.compile(r"\(([^()]+)\)$")


def explain_outside(reason: str) -> str:
    """Return what is true of a link that is not followed; empty for a reason of an earlier version."""
    return OUTSIDE.get(reason, "")


def explain_problem(code: str) -> str:
    """Return one line for people on what a problem of reading means; empty for a scraper's own code."""
    return READING.get(code, "")
