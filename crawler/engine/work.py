"""The values that travel between the engine and its ports: claims in, results out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crawler.engine.session import Session
    from crawler.frontier.politeness import Pace
    from crawler.frontier.scope import Scope
    from crawler.http import Fetched
    from crawler.policy.cookies import Cookie
    from crawler.policy.logins import Login
    from crawler.policy.proxies import Health
    from crawler.urls import Url
    from scrapers.links import Carried
    from scrapers.reader import Reading


class Ending(IntEnum):
    """The states in which a request ends, numbered as they are stored."""

    DONE = 2
    FAILED = 3
    SKIPPED = 4
    DEAD = 5


class Kind(IntEnum):
    """What a request asks for, numbered as it is stored.

    A page is what runs are for. A sitemap gives requests and nothing else, and neither does the
    robots.txt of a start URL's host, which is asked which sitemaps it names.
    """

    PAGE = 0
    SITEMAP = 1
    ROBOTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRules:
    """One run's frozen settings, ready to be used.

    `read` turns a response into items and links; where records are completed on further pages, `resume`
    does, given those that were carried to it and whether it was read before. `impatient` runs (a
    terminal's) do not wait for a host whose robots.txt cannot be had. `began_at` is when the run was
    made: what robots.txt could not be had before is asked for again.
    Runs that do not `follow` fetch what they were given, and take no links from it. Those that
    remember something between their requests have a `session`; some have to log in first. Those are
    fetched over HTTP/1.1; of the others those with `http2` speak that with hosts that offer it. `starts`
    are the start URLs. Of what sitemaps list, only what has changed since `listed_after` is taken.
    Bodies whose media type begins as one of `kept_types` are stored, too. `libraries` are loaded before
    the first page is read. Records of runs that keep them `apart` become items when the run was compared.
    Where the target `has_noise`, whether a changed body counts as a change is judged afterwards.
    """

    run: int
    target: int
    scope: Scope
    pace: Pace
    read: Callable[[Fetched], Reading]
    headers: tuple[tuple[str, str], ...] = ()
    plain_headers: tuple[tuple[str, str], ...] = ()
    home: frozenset[str] = frozenset()
    obey_robots: bool = True
    key_fields: tuple[str, ...] = ()
    max_pages: int | None = None
    impatient: bool = False
    began_at: datetime | None = None
    follow: bool = True
    http2: bool = False
    apart: bool = False
    has_noise: bool = False
    session: Session | None = None
    login: Login | None = None
    starts: frozenset[str] = frozenset()
    listed_after: datetime | None = None
    kept_types: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    resume: Callable[[Fetched, Sequence[Carried], bool], Reading] | None = None

    @property
    def user_agent(self) -> str:
        return next(value for name, value in self.headers if name == "User-Agent")

    def headers_for(self, origin: str) -> tuple[tuple[str, str], ...]:
        """Return what to send to `origin`: a person's own headers only where the target starts."""
        return self.headers if origin in self.home else self.plain_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What an earlier visit left to ask "changed since?" with, the body it kept, and hints of its head."""

    etag: str
    last_modified: str
    content_type: str
    body_hash: bytes
    hints: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRoom:
    """How many pages a run may still discover, None for any number, and how many sitemaps."""

    pages: int | None
    sitemaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One request that this slice holds. `priority` orders the claims of a host, 9 first.

    `depth` is how many links away from a start a page is, and how many indexes a sitemap is inside
    of. `room` is told of sitemaps.
    """

    id: int
    rules: RunRules
    host: int
    backlog: int
    epoch: int
    url: str
    key: bytes
    depth: int
    priority: int
    attempts: int = 0
    losses: int = 0
    via: tuple[str, ...] = ()
    known: Validators | None = None
    kind: Kind = Kind.PAGE
    room: ListingRoom | None = None

    @property
    def is_start(self) -> bool:
        """Whether it is a start URL, or where one was redirected."""
        return self.depth == 0 and (self.via[0] if self.via else self.url) in self.rules.starts


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What the installation knows of one host's manners; written back with each commit.

    Who holds the host changes a copy of its own with each answer: to make a new one took 10 µs, twice a page.
    `robots_reason` is the code of what kept robots.txt away at `robots_failed_at`, the last of
    `robots_failures` tries in a row. Until `http1_until` a host is not asked for HTTP/2 again, because
    it offered none.
    """

    next_at: datetime | None = None
    last_at: datetime | None = None
    last_status: str = ""
    latency_seconds: float | None = None
    failures: int = 0
    circuit_openings: int = 0
    unavailable_since: datetime | None = None
    hold_reason: str = ""
    delay_seconds: float | None = None
    delay_reason: str = ""
    crawl_delay_seconds: float | None = None
    robots_state: str = ""
    robots_body: bytes = b""
    robots_fetched_at: datetime | None = None
    robots_until: datetime | None = None
    robots_failures: int = 0
    robots_failed_at: datetime | None = None
    robots_reason: str = ""
    http1_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLease:
    """A host that this slice holds, under the epoch that its lease began."""

    id: int
    origin: str
    epoch: int
    ledger: Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A link to follow: what it is, how deep, and through which redirects it was reached."""

    url: Url
    depth: int
    via: tuple[str, ...] = ()
    kind: Kind = Kind.PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """What a visit learnt of one page. `body` is None when the stored one still holds."""

    status: int
    content_type: str
    title: str
    etag: str
    last_modified: str
    noindex: bool
    canonical: str
    hints: str
    body: bytes | None
    body_hash: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRecord:
    """One scraped record: its key within the target, and its content as JSON.

    `said` is what a record says itself that lacks a page: what else stands under its key stays.
    """

    key: str
    key_hash: bytes
    data: bytes
    content_hash: bytes
    said: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingRecord:
    """A record that goes on to the page at `url`, as JSON, or is given out as it is for the `refusal`.

    `digest` tells it from others that are carried to the same page.
    """

    url: str
    key: bytes
    origin: str
    callback: str
    data: bytes
    digest: bytes
    partial: bool
    level: int
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRecord:
    """What one page did not give: `count` problems of one code and field, and what the first of them said."""

    code: str
    field: str
    count: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """A request that is done: its page, its items, and the links it gave.

    `outside` are links not followed, with the reason; `redirected` says that the page is
    elsewhere and stands in `found`. `landing` is where a start URL led to, when that lies outside
    of the scope: from now on it belongs to it. `cookies` and `proxies` are what the
    answer changed of the run's. `carried` are records that go on to other pages, and `joined` the ids of
    those that came here and are done with. What was read `again` was not asked for: the page was stored.
    """

    claim: Claim
    status: int
    wire_bytes: int
    page: PageRecord | None = None
    items: tuple[ItemRecord, ...] = ()
    found: tuple[NewRequest, ...] = ()
    outside: tuple[tuple[str, str], ...] = ()
    problems: tuple[ProblemRecord, ...] = ()
    redirected: bool = False
    unchanged: bool = False
    landing: str | None = None
    cookies: tuple[Cookie, ...] = ()
    proxies: tuple[Health, ...] = ()
    carried: tuple[GoingRecord, ...] = ()
    joined: tuple[int, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How the reading of a sitemap ended: what it lists, and how much of that was taken.

    `status` is None of a robots.txt that was known already, and `redirected` says that the sitemap is
    elsewhere, and stands among those that were found.
    """

    status: int | None
    wire_bytes: int = 0
    entries: int = 0
    taken: int = 0
    sitemaps: int = 0
    redirected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A part of what a sitemap lists, committed by itself; the last one, with its `end`, ends the request.

    `found` are pages and `sitemaps` further sitemaps to ask for, `outside` what is listed and not
    asked for, with the reason. `hints` are keys of pages with when they are said to have changed last.
    """

    claim: Claim
    found: tuple[NewRequest, ...] = ()
    sitemaps: tuple[NewRequest, ...] = ()
    outside: tuple[tuple[str, str], ...] = ()
    hints: tuple[tuple[bytes, datetime], ...] = ()
    problems: tuple[ProblemRecord, ...] = ()
    end: Listing | None = None

    @property
    def size(self) -> int:
        return len(self.found) + len(self.sitemaps) + len(self.outside) + len(self.hints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A request that gave no page, for good; `problems` when it came and could not be read.

    `sent` says whether it was sent this time, as what is forbidden or given up beforehand is not.
    """

    claim: Claim
    state: Ending
    reason: str
    status: int | None = None
    wire_bytes: int = 0
    problems: tuple[ProblemRecord, ...] = ()
    cookies: tuple[Cookie, ...] = ()
    proxies: tuple[Health, ...] = ()
    logged_out: int | None = None
    sent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """A request to try again; `counts` says whether the attempt was one of its few.

    `logged_out` is the number of the run's login that it found to be over.
    """

    claim: Claim
    until: datetime
    reason: str
    counts: bool = True
    cookies: tuple[Cookie, ...] = ()
    proxies: tuple[Health, ...] = ()
    logged_out: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A claim given back unsent."""

    claim: Claim


Result = Visited | Listed | Ended | Postponed | Returned


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNews:
    """A host's ledger as it is now, to be written under the epoch it is held with.

    `robots` says whether what the ledger knows of robots.txt, up to 512,000 bytes, is to be written too;
    `shapes` is what the host's next holder is to know of the URL shapes of some backlogs.
    """

    id: int
    epoch: int
    ledger: Ledger
    robots: bool = True
    shapes: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one commit writes: results, the ledgers of the hosts they concern, and hosts to let go."""

    results: tuple[Result, ...] = ()
    news: tuple[HostNews, ...] = ()
    released: tuple[int, ...] = field(default=())
