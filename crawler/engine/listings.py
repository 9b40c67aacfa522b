"""What a sitemap gives a run, as values: requests for its pages and sitemaps, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crawler.engine import records
from crawler.engine.work import Ended, Ending, Kind, Listed, Listing, NewRequest
from crawler.policy import sitemaps
from crawler.urls import BadUrl, canonical
from scrapers.reader import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.engine.work import Claim
    from crawler.http import Fetched
    from crawler.urls import Url
    from scrapers.sitemap import Entry, Piece

MOST_A_PART: Final = 2_000
UNREADABLE: Final = "sitemap_unreadable"
FOREIGN: Final = "foreign"
UNCHANGED: Final = "unchanged"


class Taking:
    """Takes in what one sitemap lists, and hands it over in parts that are committed one by one.

    A run that follows nothing asks for no page of it, but learns when its pages are said to have
    changed; it goes on to the sitemaps that an index lists.
    """

    def __init__(self, claim: Claim, *, now: datetime) -> None:
        self._claim = claim
        self._rules = claim.rules
        self._now = now
        self._trust = sitemaps.trust(claim.url, via=claim.via, home=claim.rules.home)
        self._room = claim.room.sitemaps if claim.room else sitemaps.MOST_A_RUN
        self._found: list[NewRequest] = []
        self._nested: list[NewRequest] = []
        self._outside: list[tuple[str, str]] = []
        self._hints: list[tuple[bytes, datetime]] = []
        self._problems: dict[str, Problem] = {}
        self._entries = self._taken = self._sitemaps = 0

    def add(self, piece: Piece) -> None:
        for entry in piece.entries:
            self._add_page(entry)
        for entry in piece.sitemaps:
            self._add_sitemap(entry)
        for problem in piece.problems:
            self.report(problem)

    def report(self, problem: Problem) -> None:
        self._problems.setdefault(problem.code, problem)

    @property
    def is_full(self) -> bool:
        """Say whether there is enough for a part to be handed over."""
        return len(self._found) + len(self._outside) + len(self._nested) + len(self._hints) >= MOST_A_PART

    def part(self) -> Listed:
        """Return what was taken since the last part."""
        listed = Listed(
            claim=self._claim,
            found=tuple(self._found),
            sitemaps=tuple(self._nested),
            outside=tuple(self._outside),
            hints=tuple(self._hints),
        )
        self._found, self._nested, self._outside, self._hints = [], [], [], []
        return listed

    def end(self, answer: Fetched) -> Listed | Ended:
        """Return the last part; a sitemap that listed nothing and was wrong has failed."""
        problems = records.problems_of(list(self._problems.values()))
        if problems and not self._entries and not self._sitemaps:
            return Ended(
                claim=self._claim,
                state=Ending.FAILED,
                reason=UNREADABLE,
                status=answer.status,
                wire_bytes=answer.wire_bytes,
                problems=problems,
            )
        last = self.part()
        return Listed(
            claim=self._claim,
            found=last.found,
            sitemaps=last.sitemaps,
            outside=last.outside,
            hints=last.hints,
            problems=problems,
            end=Listing(
                status=answer.status,
                wire_bytes=answer.wire_bytes,
                entries=self._entries,
                taken=self._taken,
                sitemaps=self._sitemaps,
            ),
        )

    def _add_page(self, entry: Entry) -> None:
        self._entries += 1
        url = self._canonical(entry)
        if url is None:
            return
        change = sitemaps.changed(entry.lastmod, now=self._now)
        refusal = self._refusal(url, change) or self._rules.scope.refusal(url, depth=0)
        if change is not None and refusal in {None, UNCHANGED}:
            self._hints.append((url.key, change.at))
        if not self._rules.follow:
            return
        if refusal is None:
            self._taken += 1
            self._found.append(NewRequest(url=url, depth=0))
        else:
            self._outside.append((refusal, url.text))

    def _add_sitemap(self, entry: Entry) -> None:
        self._sitemaps += 1
        url = self._canonical(entry)
        if url is None:
            return
        change = sitemaps.changed(entry.lastmod, now=self._now)
        refusal = self._refusal(url, change)
        depth = self._claim.depth + 1
        if refusal is not None:
            self._outside.append((refusal, url.text))
        elif depth > sitemaps.MOST_NESTED:
            self._say("sitemap_too_deep", f"its sitemaps lie more than {sitemaps.MOST_NESTED} indexes deep")
        elif self._room <= 0:
            self._say("too_many_sitemaps", f"a run reads at most {sitemaps.MOST_A_RUN:,} sitemaps")
        else:
            self._room -= 1
            self._nested.append(nested(self._claim, url, depth=depth))

    def _refusal(self, url: Url, change: sitemaps.Changed | None) -> str | None:
        if not self._trust.covers(url):
            return FOREIGN
        return UNCHANGED if sitemaps.is_older(change, self._rules.listed_after) else None

    def _canonical(self, entry: Entry) -> Url | None:
        try:
            return canonical(entry.url)
        except BadUrl as error:
            self._say("sitemap_bad_urls", str(error))
            return None

    def _say(self, code: str, message: str) -> None:
        self.report(Problem(code=code, message=message))


def nested(claim: Claim, url: Url, *, depth: int) -> NewRequest:
    """Return the request for a sitemap that the index of `claim` lists: whoever named that, named it."""
    robots = sitemaps.named_by(claim.via)
    return NewRequest(
        url=sitemaps.as_sitemap(url, named_by=robots),
        depth=depth,
        via=(robots,) if robots else (),
        kind=Kind.SITEMAP,
    )


def moved(claim: Claim, url: Url, answer: Fetched) -> Listed:
    """Return the result of a sitemap that is elsewhere."""
    robots = sitemaps.named_by(claim.via) if claim.kind is Kind.SITEMAP else ""
    there = NewRequest(
        url=sitemaps.as_sitemap(url, named_by=robots),
        depth=claim.depth,
        via=(*claim.via, claim.url),
        kind=claim.kind,
    )
    end = Listing(status=answer.status, wire_bytes=answer.wire_bytes, redirected=True)
    return Listed(claim=claim, sitemaps=(there,), end=end)


def named(claim: Claim, lines: Iterable[str], *, status: int | None, wire_bytes: int = 0) -> Listed:
    """Return the result of a robots.txt, by its `lines` about sitemaps."""
    robots = claim.via[0] if claim.via else claim.url
    urls, problems = _urls(lines, base=claim.url)
    found = [
        NewRequest(url=sitemaps.as_sitemap(url, named_by=robots), depth=0, via=(robots,), kind=Kind.SITEMAP)
        for url in urls
    ]
    room = claim.room.sitemaps if claim.room else sitemaps.MOST_A_RUN
    if len(found) > room:
        message = f"a run reads at most {sitemaps.MOST_A_RUN:,} sitemaps"
        problems.append(Problem(code="too_many_sitemaps", message=message))
    return Listed(
        claim=claim,
        sitemaps=tuple(found[: max(room, 0)]),
        problems=records.problems_of(problems),
        end=Listing(status=status, wire_bytes=wire_bytes, sitemaps=len(found)),
    )


def _urls(lines: Iterable[str], *, base: str) -> tuple[list[Url], list[Problem]]:
    urls: dict[str, Url] = {}
    problems: list[Problem] = []
    for line in lines:
        try:
            url = canonical(line, base=base, keep_tracking=True)
        except BadUrl as error:
            problems.append(Problem(code="sitemap_bad_urls", message=str(error)))
        else:
            urls[url.text] = url
    return list(urls.values()), problems
