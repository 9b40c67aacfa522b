"""Logs a run in: the form, its cookies, and the check that somebody who is logged in passes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from crawler.engine.errands import Answer, Errand, Patience
from crawler.engine.findings import Forbidden, Held
from crawler.errors import RedirectError
from crawler.http import Fetched
from crawler.policy import logins, redirects
from crawler.policy.logins import LoginKind
from crawler.urls import BadUrl, canonical
from scrapers.forms import NoLoginForm, login_form

if TYPE_CHECKING:
    from crawler.engine.errands import Means
    from crawler.engine.work import RunRules
    from crawler.policy.logins import Login
    from crawler.urls import Url

PATIENCE = Patience(total=timedelta(seconds=120))
_KEEPS_THE_FORM = frozenset({307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """The check is passed; `anew` when that took a login."""

    anew: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The site does not let us in, and why that seems so: to be shown, without secrets."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Something could not be asked, which may pass."""

    message: str


LoginOutcome = LoggedIn | Rejected | Unanswered


class LogIn:
    """One login of a run with its session, which then has the cookies.

    A person asked for these few requests by name, as for those of a browser: robots.txt is not asked,
    but each host has its turn. User name and password go to the origins of the login page and of the
    start URLs alone.
    """

    def __init__(self, *, rules: RunRules, means: Means, patience: Patience = PATIENCE) -> None:
        if rules.login is None:
            raise ValueError("the run has no login")
        self._login: Login = rules.login
        self._trusted = rules.home | ({canonical(rules.login.url).origin} if rules.login.url else set())
        self._patience = patience
        self._errand = Errand(rules=replace(rules, obey_robots=False), means=means, patience=patience)

    async def run(self, *, again: bool, once_more: bool = True) -> LoginOutcome:
        """Log in, at most twice; `again` when the run was logged in before: then it is checked first.

        Where that fails it logs in only if `once_more`.
        """
        try:
            async with asyncio.timeout(self._patience.total.total_seconds()):
                return await self._run(again=again, once_more=once_more)
        except TimeoutError:
            return Unanswered(message="logging in took too long")
        finally:
            await self._errand.leave()

    async def _run(self, *, again: bool, once_more: bool) -> LoginOutcome:
        if self._login.kind is not LoginKind.FORM:
            return await self._check(anew=False)
        if again:
            checked = await self._check(anew=False)
            if not (isinstance(checked, Rejected) and once_more):
                return checked
        outcome = await self._log_in()
        if isinstance(outcome, Rejected) and not again:
            outcome = await self._log_in()
        return outcome

    async def _log_in(self) -> LoginOutcome:
        page = await self._open(canonical(self._login.url))
        if not isinstance(page, Fetched):
            return page
        try:
            form = login_form(
                logins.page_of(page),
                user_field=self._login.user_field,
                password_field=self._login.password_field,
            )
            action = canonical(form.action, keep_tracking=True)
        except (NoLoginForm, BadUrl) as error:
            return Rejected(message=str(error))
        if action.origin not in self._trusted:
            return Rejected(message=_to_strangers(action.origin))
        filled = form.filled(user=self._login.user, password=self._login.password)
        answer = await self._open(action, form=filled)
        return answer if not isinstance(answer, Fetched) else await self._check(anew=True)

    async def _check(self, *, anew: bool) -> LoginOutcome:
        login = self._login
        page = await self._open(canonical(login.check_url))
        if not isinstance(page, Fetched):
            return page
        if 200 <= page.status < 300 and login.check_text in logins.text_of(page):
            return LoggedIn(anew=anew)
        status = "" if 200 <= page.status < 300 else f", which answers with status {page.status}"
        return Rejected(message=f"the text {login.check_text!r} is not on {login.check_url}{status}")

    async def _open(self, url: Url, *, form: bytes | None = None) -> Fetched | Rejected | Unanswered:
        """Return the page at `url`, wherever redirects lead; one that keeps the form sends it again."""
        visited: list[str] = []
        while True:
            answer = await self._errand.ask(url, form=form)
            if not isinstance(answer, Answer):
                return Unanswered(message=_trouble(url, answer))
            page = answer.page
            if page.status == 429 or page.status >= 500:
                return Unanswered(message=f"{logins.place_of(url.text)} answers with status {page.status}")
            if not redirects.is_redirect(page):
                return page
            hop = redirects.follow(url.text, page, visited=visited, returns=True)
            if isinstance(hop, RedirectError):
                return Rejected(message=f"{logins.place_of(url.text)}: {hop.message}")
            visited.append(url.text)
            url = hop.url
            form = form if page.status in _KEEPS_THE_FORM else None
            if form is not None and url.origin not in self._trusted:
                return Rejected(message=_to_strangers(url.origin))


def _trouble(url: Url, answer: object) -> str:
    place = logins.place_of(url.text)
    match answer:
        case Held():
            return f"{url.origin} was busy with other work"
        case Forbidden():
            return f"{place} is forbidden by robots.txt"
        case _:
            return f"{place}: {getattr(answer, 'message', 'no answer')}"


def _to_strangers(origin: str) -> str:
    return (
        f"the form would send the password to {origin}, which is neither the login page's nor a start URL's "
        "origin; if that is right, add a start URL there"
    )
