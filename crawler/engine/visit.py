"""The way of one request: asked for, judged, read, and turned into a result."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, assert_never

from crawler.engine import carrying, listings, manners, records
from crawler.engine.reading import read_or_problem, within_limit
from crawler.engine.work import Claim, Ended, Ending, Kind, NewRequest, Postponed, Result, Visited
from crawler.errors import RedirectError
from crawler.http import Fetched, Request
from crawler.policy import identity, keeping, redirects
from crawler.policy.logins import LOGGED_OUT
from crawler.policy.retry import Accept, GiveUp, Retry, RetryPolicy, retry_after
from crawler.urls import canonical
from scrapers.reader import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.engine.held import HeldHost
    from crawler.engine.ports import Clock, Fetcher, Frontier
    from crawler.engine.reading import TimedReader
    from crawler.engine.session import Changes
    from crawler.http import Outcome
    from crawler.urls import Url
    from scrapers.links import Carried

UNAVAILABLE = "host_unavailable"
LOGIN_TAKES = timedelta(seconds=1)


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
        """Fetch and read one claim; network trouble is a result like any other.

        A page that its run has stored is read again for the records that were carried there since.
        """
        if claim.rules.resume is not None and claim.attempts:
            seen = await self._frontier.seen_by_run(claim)
            if seen is not None:
                return await self._read(host, claim, seen, again=True)
        session = claim.rules.session
        if session is None:
            outcome = await self._fetched(host, claim)
            return await self._result(host, claim, outcome)
        if session.is_over:
            return Postponed(
                claim=claim, until=self._clock.now() + LOGIN_TAKES, reason=LOGGED_OUT, counts=False
            )
        url, login = canonical(claim.url, keep_tracking=True), session.login
        outcome, changes = await session.fetch(
            self._fetcher, url, headers=_headers(claim, host.origin), clock=self._clock
        )
        if claim.rules.login and isinstance(outcome, Fetched) and claim.rules.login.is_over(outcome):
            manners.note(host, outcome)
            session.end(login)
            return _with(self._logged_out(claim, outcome, login=login), changes)
        return _with(await self._result(host, claim, outcome), changes)

    def _logged_out(self, claim: Claim, page: Fetched, *, login: int) -> Result:
        """Have the run log in again, and try once more: what then is not for it either has failed."""
        if claim.attempts:
            return replace(ended(claim, Ending.FAILED, LOGGED_OUT, page), logged_out=login)
        return Postponed(claim=claim, until=self._clock.now(), reason=LOGGED_OUT, logged_out=login)

    async def _fetched(self, host: HeldHost, claim: Claim) -> Outcome:
        """Fetch over HTTP/2 where the run wants that and the host may offer it; remember whether it does."""
        now = self._clock.now()
        http2 = claim.rules.http2 and manners.may_speak_http2(host, now=now)
        request = Request(url=claim.url, headers=_headers(claim, host.origin), http2=http2)
        outcome = await self._fetcher.fetch(request)
        if http2:
            manners.note_http2(host, outcome, now=now)
        return outcome

    async def ask(self, host: HeldHost, claim: Claim, *, keep_bytes: int) -> Fetched | Result:
        """Return the answer that is to be read, cut after `keep_bytes`, or what else became of the claim.

        It is asked for without cookies.
        """
        headers = _headers(claim, host.origin)
        outcome = await self._fetcher.fetch(Request(url=claim.url, headers=headers, keep_bytes=keep_bytes))
        return self._judged(host, claim, outcome)

    async def _result(self, host: HeldHost, claim: Claim, outcome: Outcome) -> Result:
        answer = self._judged(host, claim, outcome)
        return await self._accept(host, claim, answer) if isinstance(answer, Fetched) else answer

    def _judged(self, host: HeldHost, claim: Claim, outcome: Outcome) -> Fetched | Result:
        manners.note(host, outcome)
        if isinstance(outcome, Fetched) and redirects.is_redirect(outcome):
            self._rest(host, outcome)
            return _redirected(claim, outcome)
        verdict = self._retry.decide(
            outcome,
            attempt=claim.attempts + 1,
            jitter=self._clock.draw(),
            now=self._clock.now(),
            past=manners.past(host, overdue=self._is_overdue(claim)),
        )
        match verdict:
            case Accept(page):
                return page
            case Retry():
                return self._again(host, claim, verdict, outcome)
            case GiveUp(reason):
                return ended(claim, Ending.FAILED, reason, outcome)
            case never:
                assert_never(never)

    def _again(self, host: HeldHost, claim: Claim, verdict: Retry, outcome: Outcome) -> Result:
        if verdict.host_wide:
            host.rest(verdict.after, because=verdict.reason)
        if self._is_out_of_patience(host):
            host.give_up()
            return ended(claim, Ending.FAILED, UNAVAILABLE, outcome)
        until = self._clock.now() + verdict.after + verdict.behind
        return Postponed(claim=claim, until=until, reason=verdict.reason, counts=verdict.counts)

    def _is_overdue(self, claim: Claim) -> bool:
        """Say whether the run has lasted for as long as a host is waited for."""
        began_at = claim.rules.began_at
        return began_at is not None and self._clock.now() - began_at > self._patience

    def _rest(self, host: HeldHost, redirect: Fetched) -> None:
        """Leave the host alone as long as a redirect asks for (RFC 9110 §10.2.3)."""
        after = retry_after(redirect.headers, self._clock.now())
        if after is not None:
            host.rest(after)

    def _is_out_of_patience(self, host: HeldHost) -> bool:
        """Say whether the host has been unavailable for so long that what waits on it fails."""
        since = host.ledger.unavailable_since
        return since is not None and self._clock.now() - since > self._patience

    async def _accept(self, host: HeldHost, claim: Claim, page: Fetched) -> Result:
        known = claim.known
        if page.status != 304:
            same = known is not None and known.body_hash == identity.digest(page.body)
            return await self._read(host, claim, page, unchanged=same)
        if known is None:
            return ended(claim, Ending.FAILED, "status-304", page)
        body = await self._frontier.load_body(known.body_hash)
        if body is None:  # once more: what was tried before is asked for without conditions
            return Postponed(claim=claim, until=self._clock.now(), reason="stored_body_gone", counts=True)
        headers = records.revived(page.headers, known)
        stored = Fetched(
            url=page.url,
            status=200,
            headers=headers,
            body=body,
            wire_bytes=page.wire_bytes,
            elapsed_seconds=page.elapsed_seconds,
        )
        return await self._read(host, claim, stored, unchanged=True)

    async def _read(
        self, host: HeldHost, claim: Claim, page: Fetched, *, unchanged: bool = False, again: bool = False
    ) -> Result:
        carried = await self._frontier.carried_to(claim) if claim.rules.resume is not None else ()
        rules = carrying.resuming(claim.rules, carried, again=again)
        reading = read_or_problem(self._reader, rules, page, request=claim.id)
        if isinstance(reading, Problem):
            return self._reread(claim, reading, page, carried) if again else _unread(claim, reading, page)
        reading = carrying.with_unread(reading, carried)
        if not again:
            host.trapped.note(claim, page)
        # People's patterns judge the links, so that has to end as well.
        split = partial(carrying.split, claim, reading, known=self._frontier.known(claim.rules.run))
        links = within_limit(self._reader, split, request=claim.id)
        if isinstance(links, Problem):
            return self._reread(claim, links, page, carried) if again else _unread(claim, links, page)
        found, outside, going = links
        found, alike = host.trapped.sift(claim, host.origin, found)
        items, unkeyed = records.items_of(claim, reading)
        kept = records.page_of(page, reading, unchanged=unchanged, kept_types=claim.rules.kept_types)
        return Visited(
            claim=claim,
            status=page.status,
            wire_bytes=page.wire_bytes,
            page=None if again else kept,
            items=items,
            found=found,
            outside=outside + alike,
            problems=records.problems_of(reading.problems, unkeyed=unkeyed),
            unchanged=unchanged,
            landing=records.landing_of(claim),
            carried=carrying.kept_from(going, alike) if going else (),
            joined=tuple([id_ for id_, _record in carried]),
            again=again,
        )

    def _reread(
        self, claim: Claim, problem: Problem, page: Fetched, carried: Sequence[tuple[int, Carried]]
    ) -> Result:
        """Have a stored page read once more that could not be read for records, while there are tries left.

        Then these records go no further; the request is done, as its page was read.
        """
        if self._retry.has_more(attempt=claim.attempts + 1):
            return Postponed(claim=claim, until=self._clock.now(), reason=problem.code, counts=True)
        return Visited(
            claim=claim,
            status=page.status,
            wire_bytes=0,
            carried=carrying.left([record for _id, record in carried], because=problem),
            joined=tuple([id_ for id_, _record in carried]),
            again=True,
        )


def _headers(claim: Claim, origin: str) -> tuple[tuple[str, str], ...]:
    headers = claim.rules.headers_for(origin)
    known = claim.known
    if known is None or not keeping.keeps_body(known.content_type, also=claim.rules.kept_types):
        return headers
    asked = (("If-None-Match", known.etag), ("If-Modified-Since", known.last_modified))
    return headers + tuple((name, value) for name, value in asked if value)


def ended(claim: Claim, state: Ending, reason: str, outcome: Outcome) -> Ended:
    """Return how a claim ended that gave no page."""
    fetched = outcome if isinstance(outcome, Fetched) else None
    return Ended(
        claim=claim,
        state=state,
        reason=reason,
        status=fetched.status if fetched else None,
        wire_bytes=fetched.wire_bytes if fetched else 0,
    )


def _with(result: Result, changes: Changes) -> Result:
    match result:
        case Visited() | Ended() | Postponed() if changes.cookies or changes.proxies:
            return replace(result, cookies=changes.cookies, proxies=changes.proxies)
        case _:
            return result


def _unread(claim: Claim, problem: Problem, page: Fetched) -> Ended:
    return replace(ended(claim, Ending.FAILED, problem.code, page), problems=records.problems_of([problem]))


def _redirected(claim: Claim, response: Fetched) -> Result:
    """Hand a redirect over as a request of its own, so that it is judged and deduplicated like a link.

    What a start URL redirects to belongs to the target wherever it lies.
    """
    session = claim.rules.session
    returns = session is not None and session.keeps_cookies and claim.kind is Kind.PAGE
    hop = redirects.follow(claim.url, response, visited=claim.via, returns=returns)
    if isinstance(hop, RedirectError):
        return ended(claim, Ending.FAILED, hop.code, response)
    if claim.kind is not Kind.PAGE:
        return listings.moved(claim, hop.url, response)
    refusal = None if claim.is_start else _refusal_of_hop(claim, hop.url)
    chain = (*claim.via, claim.url)
    target = NewRequest(url=redirects.request_at(hop.url, chain), depth=claim.depth, via=chain)
    return Visited(
        claim=claim,
        status=response.status,
        wire_bytes=response.wire_bytes,
        found=() if refusal else (target,),
        outside=((refusal, hop.url.text),) if refusal else (),
        redirected=True,
    )


def _refusal_of_hop(claim: Claim, url: Url) -> str | None:
    """Return why the run does not go where a request leads; None when it does.

    What was asked for whatever depth and patterns say, because it goes on with a list or a record, is
    judged so wherever it is.
    """
    scope, first = claim.rules.scope, claim.via[0] if claim.via else claim.url
    went_on = scope.refusal(canonical(first, keep_tracking=True), depth=claim.depth) is not None
    return scope.refusal(url, depth=claim.depth, continues=went_on)
