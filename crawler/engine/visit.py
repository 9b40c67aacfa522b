"""The way of one request: asked for, judged, read, and turned into a result."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, assert_never

from crawler.engine.reading import read_or_code
from crawler.engine.work import (
    Claim,
    Ended,
    Ending,
    ItemRecord,
    NewRequest,
    PageRecord,
    Postponed,
    Result,
    Visited,
)
from crawler.errors import RedirectError, TimedOut, TlsFailed, TruncatedBody, Unreachable
from crawler.frontier import politeness
from crawler.http import Failed, Fetched, Headers, Request
from crawler.policy import identity, redirects
from crawler.policy.retry import Accept, GiveUp, Retry, RetryPolicy, retry_after
from crawler.urls import BadUrl, Url, canonical

if TYPE_CHECKING:
    from datetime import timedelta

    from crawler.engine.held import HeldHost
    from crawler.engine.ports import Clock, Fetcher, Frontier
    from crawler.engine.reading import TimedReader
    from crawler.http import Outcome
    from scrapers.reader import Reading

UNAVAILABLE = "host_unavailable"
HARD_STATUSES = frozenset({429, 500, 502, 503, 504})
LONGEST_HEADER = 500
LONGEST_TITLE = 500
STORED_TYPES = (
    "text/",
    "application/json",
    "application/xml",
    "application/xhtml",
    "application/ld+json",
    "application/rss",
    "application/atom",
)


class Visitor:
    """Visits claims one at a time and says what came of each; it keeps nothing between two."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        frontier: Frontier,
        reader: TimedReader,
        clock: Clock,
        patience: timedelta,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._frontier = frontier
        self._reader = reader
        self._clock = clock
        self._patience = patience
        self._retry = retry or RetryPolicy()

    async def visit(self, host: HeldHost, claim: Claim) -> Result:
        """Fetch and read one claim; network trouble is a result like any other."""
        outcome = await self._fetcher.fetch(Request(url=claim.url, headers=_headers(claim, host.origin)))
        note(host, outcome)
        if isinstance(outcome, Fetched) and outcome.status in redirects.STATUSES:
            self._rest(host, outcome)
            return _redirected(claim, outcome)
        verdict = self._retry.decide(
            outcome,
            attempt=claim.attempts + 1,
            jitter=self._clock.draw(),
            now=self._clock.now(),
            waits=earlier_failures(host),
        )
        match verdict:
            case Accept(page):
                return await self._accept(claim, page)
            case Retry():
                return self._again(host, claim, verdict, outcome)
            case GiveUp(reason):
                return _ended(claim, Ending.FAILED, reason, outcome)
            case never:
                assert_never(never)

    def _again(self, host: HeldHost, claim: Claim, verdict: Retry, outcome: Outcome) -> Result:
        if verdict.host_wide:
            host.hold(verdict.after, verdict.reason)
        if self._is_out_of_patience(host):
            host.give_up()
            return _ended(claim, Ending.FAILED, UNAVAILABLE, outcome)
        return Postponed(
            claim=claim, until=self._clock.now() + verdict.after, reason=verdict.reason, counts=verdict.counts
        )

    def _rest(self, host: HeldHost, redirect: Fetched) -> None:
        """Leave the host alone as long as a redirect asks for (RFC 9110 §10.2.3)."""
        after = retry_after(redirect.headers, self._clock.now())
        if after is not None:
            host.rest(after)

    def _is_out_of_patience(self, host: HeldHost) -> bool:
        """Say whether the host has been unavailable for so long that what waits on it fails."""
        since = host.ledger.unavailable_since
        return since is not None and self._clock.now() - since > self._patience

    async def _accept(self, claim: Claim, page: Fetched) -> Result:
        known = claim.known
        if page.status != 304:
            same = known is not None and known.body_hash == identity.digest(page.body)
            return self._read(claim, page, unchanged=same)
        if known is None:
            return _ended(claim, Ending.FAILED, "status-304", page)
        body = await self._frontier.load_body(known.body_hash)
        if body is None:  # once more: what was tried before is asked for without conditions
            return Postponed(claim=claim, until=self._clock.now(), reason="stored_body_gone", counts=True)
        headers = Headers([("content-type", known.content_type), *page.headers])
        stored = Fetched(
            url=page.url,
            status=200,
            headers=headers,
            body=body,
            wire_bytes=page.wire_bytes,
            elapsed_seconds=page.elapsed_seconds,
        )
        return self._read(claim, stored, unchanged=True)

    def _read(self, claim: Claim, page: Fetched, *, unchanged: bool) -> Result:
        reading = read_or_code(self._reader, claim.rules, page, request=claim.id)
        if isinstance(reading, str):
            return _ended(claim, Ending.FAILED, reading, page)
        found, outside = links_of(claim, reading)
        items, unkeyed = items_of(claim, reading)
        return Visited(
            claim=claim,
            status=page.status,
            wire_bytes=page.wire_bytes,
            page=_page_record(page, reading, unchanged=unchanged),
            items=items,
            found=found,
            outside=outside,
            problems=len(reading.problems) + unkeyed,
            unchanged=unchanged,
            landing=_landing(claim),
        )


def note(host: HeldHost, outcome: Outcome) -> None:
    """Write the outcome into the host's ledger; ten failures of its own in a row open its circuit."""
    match outcome:
        case Fetched(status=status) if status not in HARD_STATUSES:
            latency = politeness.smooth_latency(host.ledger.latency_seconds, outcome.elapsed_seconds)
            host.note(
                last_status=str(status),
                latency_seconds=latency,
                failures=0,
                circuit_openings=0,
                unavailable_since=None,
                hold_reason="",
            )
        case Fetched(status=status):
            host.note(last_status=str(status), failures=host.ledger.failures + 1)
        case Failed(error=Unreachable() | TimedOut() | TlsFailed() | TruncatedBody() as error):
            host.note(last_status=error.code, failures=host.ledger.failures + 1)
        case Failed(error=error):
            host.note(last_status=error.code)
    wait = politeness.circuit_wait(host.ledger.failures, openings=host.ledger.circuit_openings)
    if wait is not None:
        host.hold(wait, "circuit_open")
        host.note(circuit_openings=host.ledger.circuit_openings + 1, failures=0)


def earlier_failures(host: HeldHost) -> int:
    """Return how many failures in a row the host had before the one just noted."""
    return max(host.ledger.failures - 1, 0)


def _headers(claim: Claim, origin: str) -> tuple[tuple[str, str], ...]:
    headers = claim.rules.headers_for(origin)
    known = claim.known
    if known is None:
        return headers
    asked = (("If-None-Match", known.etag), ("If-Modified-Since", known.last_modified))
    return headers + tuple((name, value) for name, value in asked if value)


def _ended(claim: Claim, state: Ending, reason: str, outcome: Outcome) -> Ended:
    fetched = outcome if isinstance(outcome, Fetched) else None
    return Ended(
        claim=claim,
        state=state,
        reason=reason,
        status=fetched.status if fetched else None,
        wire_bytes=fetched.wire_bytes if fetched else 0,
    )


def _redirected(claim: Claim, response: Fetched) -> Result:
    """Hand a redirect over as a request of its own, so that it is judged and deduplicated like a link.

    What a start URL redirects to belongs to the target wherever it lies.
    """
    hop = redirects.follow(claim.url, response, visited=claim.via)
    if isinstance(hop, RedirectError):
        return _ended(claim, Ending.FAILED, hop.code, response)
    refusal = None if claim.depth == 0 else claim.rules.scope.refusal(hop.url, depth=claim.depth)
    target = NewRequest(url=hop.url, depth=claim.depth, via=(*claim.via, claim.url))
    return Visited(
        claim=claim,
        status=response.status,
        wire_bytes=response.wire_bytes,
        found=() if refusal else (target,),
        outside=((refusal, hop.url.text),) if refusal else (),
        redirected=True,
    )


def links_of(claim: Claim, reading: Reading) -> tuple[tuple[NewRequest, ...], tuple[tuple[str, str], ...]]:
    """Split a page's links into those to follow and those outside, each with the reason."""
    landing, depth = _landing(claim), claim.depth + 1
    scope = claim.rules.scope.joined(canonical(landing)) if landing else claim.rules.scope
    found: list[NewRequest] = []
    outside: list[tuple[str, str]] = []
    for link in reading.links:
        url = _canonical(link.url)
        if url is None:
            continue
        refusal = scope.refusal(url, depth=depth)
        if refusal is None:
            found.append(NewRequest(url=url, depth=depth))
        else:
            outside.append((refusal, url.text))
    return tuple(found), tuple(outside)


@lru_cache(maxsize=16_384)
def _canonical(url: str) -> Url | None:
    try:
        return canonical(url)
    except BadUrl:
        return None


def _landing(claim: Claim) -> str | None:
    """Return the claim's URL when a start URL led there, out of the scope: its links are followed then."""
    if claim.depth > 0 or claim.rules.scope.covers(canonical(claim.url)):
        return None
    return claim.url


def items_of(claim: Claim, reading: Reading) -> tuple[tuple[ItemRecord, ...], int]:
    """Return the page's records with their keys, and how many lacked a key field and are not kept."""
    records: list[ItemRecord] = []
    several = len(reading.items) > 1
    for scraped in reading.items:
        key = identity.item_key(scraped.data, fields=claim.rules.key_fields, url=claim.url, several=several)
        if key is None:
            continue
        records.append(
            ItemRecord(
                key=key,
                key_hash=identity.digest(key.encode()),
                data=identity.encode(scraped.data),
                content_hash=identity.content_hash(scraped.data),
            )
        )
    return tuple(records), len(reading.items) - len(records)


def _page_record(page: Fetched, reading: Reading, *, unchanged: bool) -> PageRecord:
    content_type = page.headers.get("content-type", "")
    keeps = content_type == "" or content_type.lower().startswith(STORED_TYPES)
    return PageRecord(
        status=page.status,
        content_type=_storable(content_type)[:200],
        title=_storable(reading.facts.title or "")[:LONGEST_TITLE],
        etag=_whole(page.headers.get("etag", "")),
        last_modified=_whole(page.headers.get("last-modified", ""), longest=100),
        noindex=reading.facts.noindex,
        body=page.body if keeps and not unchanged else None,
        body_hash=identity.digest(page.body),
        size=len(page.body),
    )


def _whole(value: str, *, longest: int = LONGEST_HEADER) -> str:
    """Return a validator to be sent back verbatim, or nothing when it cannot be kept so."""
    return value if len(value) <= longest and _storable(value) == value else ""


def _storable(text: str) -> str:
    """Return `text` without what no database stores: NUL, and halves of characters."""
    if text.isascii():
        return text.replace("\0", "")
    return text.replace("\0", "").encode(errors="replace").decode()
