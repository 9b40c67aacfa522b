"""One test fetch: the way of a request in a run, but for one page of a target that is not saved yet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from crawler.engine import carrying, findings, records, robots, showing
from crawler.engine.errands import Answer, Errand, Patience
from crawler.engine.findings import Finding, Hop, Shown, Unfetched
from crawler.engine.login import LoggedIn, LogIn
from crawler.engine.reading import read_or_problem, within_limit
from crawler.errors import INCOMPLETE, RedirectError, TimedOut, explain
from crawler.policy import redirects
from crawler.policy.logins import LOGIN_FAILED
from crawler.urls import BadUrl, canonical
from scrapers.reader import Problem, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.engine.errands import Means
    from crawler.engine.work import RunRules
    from crawler.http import Fetched
    from crawler.urls import Url
    from scrapers.links import Carried
    from scrapers.suggesting import Candidate, Suggestions

    Completing = Callable[[Fetched, Candidate, str, Fetched], Candidate | Problem]
    """Is given the page of a list, a candidate of it, a link of one of its records, and the page there."""


@dataclass(frozen=True, slots=True)
class _Landed:
    """The page at the end of some redirects."""

    answer: Answer
    hops: list[Hop]


class Preview:
    """Fetches and reads one page as a slice would, redirects included, and stores nothing but the ledger.

    The first of its records that go on to other pages is followed there. Where the target has a login, it
    logs in first. `suggest`, where it is given, tells what to scrape, and `complete` adds to a candidate what
    the page behind one of its links has: both within limits of their own.
    """

    def __init__(
        self,
        *,
        rules: RunRules,
        means: Means,
        patience: Patience | None = None,
        suggest: Callable[[Fetched], Suggestions | Problem] | None = None,
        complete: Completing | None = None,
    ) -> None:
        self._rules = rules
        self._means = means
        self._suggest = suggest
        self._complete = complete
        self._patience = patience or Patience()
        self._errand = Errand(rules=rules, means=means, patience=self._patience)
        self._so_far: Shown | None = None

    async def run(self, start: str) -> Finding:
        """Return what there is at `start`, a canonical URL, or why it cannot be had."""
        try:
            async with asyncio.timeout(self._patience.total.total_seconds()):
                return await self._kept_out(start) or await self._look_at(canonical(start))
        except TimeoutError:
            return self._so_far or Unfetched(
                url=start, code=TimedOut.code, message="the test fetch took too long"
            )
        finally:
            await self._errand.leave()

    async def _kept_out(self, start: str) -> Unfetched | None:
        """Log in where the target has to; return why that failed, or None."""
        if self._rules.login is None or not self._rules.login.comes_first:
            return None
        outcome = await LogIn(rules=self._rules, means=self._means, patience=self._patience).run(again=False)
        if isinstance(outcome, LoggedIn):
            return None
        return Unfetched(url=start, code=LOGIN_FAILED, message=outcome.message)

    async def _look_at(self, url: Url) -> Finding:
        landed = await self._landed(url)
        if not isinstance(landed, _Landed):
            return landed
        shown, reading = self._shown(landed.answer, landed.hops)
        self._so_far = shown
        if self._complete is not None and shown.suggestions is not None:
            found = await self._looked_behind(shown.suggestions, landed.answer.page, self._complete)
            return _with_suggestions(shown, found)
        if not isinstance(reading, Reading) or not reading.follows:
            return shown
        refusal = _refusal_of_first(landed.answer, reading)
        return await self._completed(shown, reading.follows[0], refusal=refusal)

    async def _looked_behind(
        self, found: Suggestions, listed: Fetched, complete: Completing
    ) -> Suggestions | Problem:
        """Return the first candidate with what the page of its first record adds, asked for in its turn."""
        links = (link for one in found.candidates[:1] for link in one.leading(here=listed.url))
        link = next(links, None)
        if link is None:
            return found
        try:
            landed = await self._landed(canonical(link))
        except BadUrl as error:
            return Problem(code=INCOMPLETE, message=f"{link}: {error}")
        if not isinstance(landed, _Landed):
            return Problem(code=INCOMPLETE, message=f"{link}: {findings.why_nothing(landed)}")
        page = landed.answer.page
        if not 200 <= page.status < 300:
            return Problem(code=INCOMPLETE, message=f"{link}: {explain(f'status-{page.status}')}")
        first = complete(listed, found.candidates[0], link, page)
        if isinstance(first, Problem):
            return replace(first, message=f"{link}: {first.message}")
        return replace(found, candidates=(first, *found.candidates[1:]))

    async def _landed(self, url: Url) -> _Landed | Finding:
        """Return the answer to which redirects from `url` lead, or why there is none."""
        hops: list[Hop] = []
        while True:
            answer = await self._errand.ask(url)
            if not isinstance(answer, Answer):
                return answer
            if not redirects.is_redirect(answer.page):
                await self._errand.leave()
                return _Landed(answer, hops)
            visited = [passed.url for passed in hops]
            returns = self._rules.session is not None and self._rules.session.keeps_cookies
            hop = redirects.follow(url.text, answer.page, visited=visited, returns=returns)
            hops.append(Hop(url=url.text, status=answer.page.status))
            if isinstance(hop, RedirectError):
                return Unfetched(url=url.text, code=hop.code, message=hop.message)
            url = hop.url

    async def _completed(self, shown: Shown, record: Carried, *, refusal: str) -> Shown:
        """Follow a record to its further pages, and show it whole, or what kept it from that."""
        pages: list[str] = []
        problems: list[Problem] = []
        while not refusal:
            landed = await self._landed(canonical(record.url))
            if not isinstance(landed, _Landed):
                refusal = getattr(landed, "message", "its page cannot be asked for now")
                break
            answer = landed.answer
            pages.append(answer.page.url)
            reading = self._resumed(answer, record)
            if isinstance(reading, Problem):
                refusal = reading.message
                break
            problems += reading.problems
            if not reading.follows:
                fields = answer.claim.rules.key_fields
                items, _ = records.keyed(
                    [one.data for one in reading.completed[0]], fields=fields, url=pages[-1]
                )
                return showing.with_problems(showing.completed(shown, items, pages), problems)
            record, refusal = reading.follows[0], _refusal_of_first(answer, reading)
        said = Problem(code=INCOMPLETE, message=f"{record.url}: {refusal}")
        return showing.with_problems(replace(shown, completed_on=tuple(pages)), [*problems, said])

    def _resumed(self, answer: Answer, record: Carried) -> Reading | Problem:
        if not 200 <= answer.page.status < 300:
            code = f"status-{answer.page.status}"
            return Problem(code=code, message=explain(code))
        carried = ((0, record),)
        rules = carrying.resuming(answer.claim.rules, carried, again=True)
        reading = read_or_problem(self._means.reader, rules, answer.page, request=answer.claim.id)
        return reading if isinstance(reading, Problem) else carrying.with_unread(reading, carried)

    def _shown(self, answer: Answer, hops: list[Hop]) -> tuple[Shown, Reading | Problem | None]:
        host, claim, page = answer.host, answer.claim, answer.page
        reading = None
        if 200 <= page.status < 300:
            reading = read_or_problem(self._means.reader, claim.rules, page, request=claim.id)

        def forbids(url: Url) -> str | None:
            return robots.refusal(host, url.text, claim.rules) if url.origin == host.origin else None

        text = self._means.text(page)
        show = partial(showing.shown, claim, page, hops, text=text, forbids=forbids)
        found = within_limit(self._means.reader, lambda: show(reading=reading), request=claim.id)
        shown = show(reading=found) if isinstance(found, Problem) else found
        if self._suggest is not None and 200 <= page.status < 300:
            shown = _with_suggestions(shown, self._suggest(page))
        file = robots.rules_of(host)
        if file:
            shown = replace(shown, sitemaps=file.sitemaps[: findings.MOST_SITEMAPS])
        return shown, reading


def _refusal_of_first(answer: Answer, reading: Reading) -> str:
    """Return why the first record of a page that goes on would not in a run; empty when it would."""
    going = carrying.split(answer.claim, reading, known=frozenset())[2]
    return going[0].refusal if going else ""


def _with_suggestions(shown: Shown, found: Suggestions | Problem) -> Shown:
    if not isinstance(found, Problem):
        return replace(shown, suggestions=found)
    return showing.with_problems(shown, [found])
