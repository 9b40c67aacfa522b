"""One test fetch: the way of a request in a run, but for one page of a target that is not saved yet."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from crawler.engine import findings, robots, showing
from crawler.engine.errands import Answer, Errand, Patience
from crawler.engine.findings import Finding, Hop, Shown, Trouble, Unfetched
from crawler.engine.login import LoggedIn, LogIn
from crawler.engine.reading import read_or_problem, within_limit
from crawler.errors import RedirectError, TimedOut
from crawler.policy import redirects
from crawler.policy.logins import LOGIN_FAILED
from crawler.urls import canonical
from scrapers.reader import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.engine.errands import Means
    from crawler.engine.work import RunRules
    from crawler.http import Fetched
    from crawler.urls import Url
    from scrapers.suggesting import Suggestions


class Preview:
    """Fetches and reads one page as a slice would, redirects included, and stores nothing but the ledger.

    Where the target has a login, it logs in first. `suggest`, where it is given, tells what to scrape,
    within limits of its own.
    """

    def __init__(
        self,
        *,
        rules: RunRules,
        means: Means,
        patience: Patience | None = None,
        suggest: Callable[[Fetched], Suggestions | Problem] | None = None,
    ) -> None:
        self._rules = rules
        self._means = means
        self._suggest = suggest
        self._patience = patience or Patience()
        self._errand = Errand(rules=rules, means=means, patience=self._patience)

    async def run(self, start: str) -> Finding:
        """Return what there is at `start`, a canonical URL, or why it cannot be had."""
        try:
            async with asyncio.timeout(self._patience.total.total_seconds()):
                return await self._kept_out(start) or await self._follow(canonical(start))
        except TimeoutError:
            return Unfetched(url=start, code=TimedOut.code, message="the test fetch took too long")
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

    async def _follow(self, url: Url) -> Finding:
        hops: list[Hop] = []
        while True:
            answer = await self._errand.ask(url)
            if not isinstance(answer, Answer):
                return answer
            if not redirects.is_redirect(answer.page):
                await self._errand.leave()
                return self._shown(answer, hops)
            visited = [passed.url for passed in hops]
            returns = self._rules.session is not None and self._rules.session.keeps_cookies
            hop = redirects.follow(url.text, answer.page, visited=visited, returns=returns)
            hops.append(Hop(url=url.text, status=answer.page.status))
            if isinstance(hop, RedirectError):
                return Unfetched(url=url.text, code=hop.code, message=hop.message)
            url = hop.url

    def _shown(self, answer: Answer, hops: list[Hop]) -> Shown:
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
        return replace(shown, sitemaps=file.sitemaps[: findings.MOST_SITEMAPS]) if file else shown


def _with_suggestions(shown: Shown, found: Suggestions | Problem) -> Shown:
    if not isinstance(found, Problem):
        return replace(shown, suggestions=found)
    trouble = Trouble(code=found.code, message=found.message)
    return replace(shown, problems=(trouble, *shown.problems), problems_count=shown.problems_count + 1)
