"""The rules of runs, made once for each slice from their frozen settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson
import re2
from django.core.exceptions import ImproperlyConfigured

from crawler import trials
from crawler.engine.reading import ReadTimedOut
from crawler.engine.session import Session
from crawler.engine.work import RunRules
from crawler.errors import explain
from crawler.frontier import politeness
from crawler.frontier.frozen import scope_of
from crawler.frontier.politeness import Pace
from crawler.models import Page as PageRow
from crawler.models import Publication, Run, RunTrigger
from crawler.policy import proxies, redirects
from crawler.policy.logins import Login
from crawler.policy.proxies import ProxyPool
from crawler.trials import StoredPage
from crawler.urls import canonical
from scrapers import reader, registry
from scrapers.page import Page, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crawler.conf import CrawlSettings
    from crawler.http import Fetched
    from scrapers.links import Carried
    from scrapers.reader import Reading
    from scrapers.registry import Resuming, Scraper
    from scrapers.suggesting import Candidate, Suggestions

_Found = TypeVar("_Found")
TEXT_BYTES = 16_384
_ADD_UP = frozenset({"link", "x-robots-tag"})
"""The headers of a page of which each one that came counts."""

NO_SECRETS: Final[Mapping[str, Any]] = {}
UNREADABLE = (registry.InvalidScraper, ImproperlyConfigured, ValueError, LookupError, TypeError, re2.error)
"""What reading the settings of a run may raise; InvalidScraper when its scraper is not there."""


class RuleBook:
    """The rules of the runs a slice meets, each made once from the run's frozen settings.

    Settings of an earlier version, a scraper that is gone or a key that was lost cost that run its
    life and no other: `cannot_read` is told of it, with the reason.
    """

    def __init__(self, settings: CrawlSettings, *, cannot_read: Callable[[Run, str], None]) -> None:
        self._settings = settings
        self._cannot_read = cannot_read
        self._made: dict[int, RunRules | None] = {}
        self._rules: dict[tuple[int, str], RunRules | None] = {}
        self._unreadable: dict[int, str] = {}
        self._revisits: dict[int, bool] = {}

    def of(self, run: int, *, landings: str) -> RunRules | None:
        """Return a run's rules, its scope widened by `landings`; None when they cannot be made."""
        if (run, landings) not in self._rules:
            self._rules[run, landings] = self._with_landings(run, landings)
        return self._rules[run, landings]

    def report(self) -> None:
        """Tell of the runs whose rules could not be made, each once."""
        while self._unreadable:
            run, reason = next(iter(self._unreadable.items()))
            self._cannot_read(Run.objects.without_secrets().get(pk=run), reason)
            del self._unreadable[run]

    def _with_landings(self, run: int, landings: str) -> RunRules | None:
        if run not in self._made:
            self._made[run] = self._make(run)
        rules = self._made[run]
        if rules is None or not landings:
            return rules
        scope = rules.scope
        for url in orjson.loads(landings):
            scope = scope.joined(canonical(url))
        return replace(rules, scope=scope)

    def _make(self, run: int) -> RunRules | None:
        try:
            return rules_of(Run.objects.get(pk=run), self._settings)
        except UNREADABLE as error:
            self._unreadable[run] = f"its settings cannot be used: {error or type(error).__name__}"
            return None

    def revisits(self, target: int) -> bool:
        """Say whether the target has pages of earlier visits."""
        if target not in self._revisits:
            self._revisits[target] = PageRow.objects.filter(target_id=target).exists()
        return self._revisits[target]


def rules_of(run: Run, settings: CrawlSettings) -> RunRules:
    """Return a run's rules; raises one of UNREADABLE."""
    rules = rules_from(
        run.settings,
        headers=run.headers,
        secrets=run.secrets,
        settings=settings,
        run=run.pk,
        target=run.target_id,
        impatient=run.trigger == RunTrigger.TERMINAL,
    )
    return replace(rules, began_at=run.created_at, apart=run.publication != Publication.DIRECT)


def rules_from(
    frozen: Mapping[str, Any],
    *,
    headers: Mapping[str, str],
    settings: CrawlSettings,
    secrets: Mapping[str, Any] = NO_SECRETS,
    run: int = 0,
    target: int = 0,
    impatient: bool = False,
) -> RunRules:
    """Return the rules that frozen settings describe; raises one of UNREADABLE."""
    scraper = registry.compile(
        name=frozen["scraper"], options=frozen["options"], row=frozen["row"], fields=frozen["fields"]
    )
    login = Login.read(secrets.get("login") or {})
    own = [*headers.items(), *(login.headers if login else ())]
    agent = ("User-Agent", frozen["user_agent"] or settings.user_agent)
    sent = (agent, *((name, value) for name, value in own if name.lower() != "user-agent"))
    return RunRules(
        run=run,
        target=target,
        scope=scope_of(frozen),
        pace=_pace(frozen, default_seconds=settings.default_delay.total_seconds()),
        read=partial(read_page, scraper=scraper),
        headers=sent,
        plain_headers=redirects.headers_for(sent, origin="", next_origin="elsewhere"),
        home=frozenset(canonical(url).origin for url in frozen["start_urls"]),
        starts=frozenset(frozen["start_urls"]),
        listed_after=datetime.fromisoformat(after) if (after := frozen.get("listed_after")) else None,
        obey_robots=frozen["obey_robots"],
        key_fields=tuple(frozen["key"]),
        max_pages=frozen["max_pages"],
        impatient=impatient,
        follow=frozen.get("follow", True),
        http2=frozen.get("http2", False),
        has_noise=bool(frozen.get("noise")),
        session=_session(frozen, secrets, login),
        login=login,
        kept_types=getattr(scraper, "kept_types", ()),
        libraries=getattr(scraper, "libraries", ()),
        resume=partial(_resume, resuming) if (resuming := registry.resuming(scraper)) else None,
    )


def _pace(frozen: Mapping[str, Any], *, default_seconds: float) -> Pace:
    delay = default_seconds if frozen["delay_seconds"] is None else frozen["delay_seconds"]
    may_adapt = politeness.adapts(delay_seconds=delay, default_seconds=default_seconds)
    return Pace(
        delay_seconds=delay,
        connections=frozen["connections"] or 1,
        adapts=frozen.get("adapt_pace", True) and may_adapt,
    )


def read_apart(rules: RunRules, frozen: Mapping[str, Any]) -> RunRules:
    """Return `rules` that read declared fields in a process of its own, which ends when it takes too long.

    Nobody has seen those fields end on this page yet. A Python scraper is the installation's own.
    """
    if frozen["scraper"] != "fields":
        return rules
    settings = {"name": "fields", **{name: frozen[name] for name in ("options", "row", "fields")}}

    def read(fetched: Fetched) -> Reading:
        return _read_in_a_process(settings, fetched, None)

    def resume(fetched: Fetched, carried: Sequence[Carried], _again: bool) -> Reading:  # noqa: FBT001
        return _read_in_a_process(settings, fetched, carried)

    return replace(rules, read=read, resume=resume if rules.resume is not None else None)


def _read_in_a_process(
    settings: Mapping[str, Any], fetched: Fetched, carried: Sequence[Carried] | None
) -> Reading:
    try:
        return trials.reading_of(settings, fetched, carried=carried)
    except trials.TookTooLong:
        raise ReadTimedOut from None


def suggest_apart(fetched: Fetched) -> Suggestions | Problem:
    """Return what may be scraped from a response, found in a process of its own; or why that is not known."""
    return _apart(lambda: trials.suggestions_of(stored(fetched)))


def complete_apart(listed: Fetched, candidate: Candidate, link: str, page: Fetched) -> Candidate | Problem:
    """Return a candidate with what the page behind `link` adds; or why that is not known."""
    return _apart(lambda: trials.completed_by(stored(listed), candidate, [(link, stored(page))]))


def stored(fetched: Fetched) -> StoredPage:
    """Return a response as the page that would be stored of it."""
    headers = {name.lower(): value for name, value in fetched.headers}
    return StoredPage(url=fetched.url, headers=headers, body=fetched.body)


def _apart(look: Callable[[], _Found]) -> _Found | Problem:
    try:
        return look()
    except trials.TookTooLong:
        return Problem(code="reader_timed_out", message=explain("reader_timed_out"))
    except MemoryError:
        return Problem(code="too_much_memory", message="the page takes too much memory to look through")
    except trials.CannotTry as error:
        return Problem(code="reader_failed", message=str(error))


def _session(frozen: Mapping[str, Any], secrets: Mapping[str, Any], login: Login | None) -> Session | None:
    """Return a session for a run that keeps cookies, may lose its login or has proxies; None for others."""
    keeps_cookies = bool(frozen.get("cookies")) or (login is not None and login.needs_cookies)
    pool = ProxyPool([proxies.parse(text) for text in secrets.get("proxies") or ()])
    checked = login is not None and login.comes_first
    if not (keeps_cookies or checked or len(pool)):
        return None
    return Session(keeps_cookies=keeps_cookies, proxies=pool if len(pool) else None)


def read_page(fetched: Fetched, *, scraper: Scraper) -> Reading:
    """Return what a scraper reads from a response."""
    return reader.read(_page(fetched, fetched.body), scraper)


def _resume(scraper: Resuming, fetched: Fetched, carried: Sequence[Carried], again: bool) -> Reading:  # noqa: FBT001
    return reader.resume(_page(fetched, fetched.body), scraper, carried, again=again)


def text_of(fetched: Fetched) -> str:
    """Return the beginning of a body as text; empty for what is none."""
    page = _page(fetched, fetched.body[:TEXT_BYTES])
    return page.text if page.is_text else ""


def _page(fetched: Fetched, body: bytes) -> Page:
    headers: dict[str, str] = {}
    for name, value in fetched.headers:
        key = name.lower()
        headers[key] = f"{headers[key]}\n{value}" if key in headers and key in _ADD_UP else value
    return Page(url=fetched.url, body=body, status=fetched.status, headers=headers)
