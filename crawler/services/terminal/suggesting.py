"""Says in a terminal what may be scraped from one page."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from django.utils import timezone

from crawler import runner
from crawler.engine.findings import Shown, why_nothing
from crawler.models import Page
from crawler.services import previews, runs, suggestions, targets
from crawler.services.terminal import asked as words
from crawler.services.terminal import database
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.engine.findings import Finding
    from scrapers.suggesting import Candidate, Suggestions

_WIDEST = 48
_WIDEST_ALONE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionAsked:
    """What was typed after `./run suggest`."""

    url: str | None = None
    page: int | None = None
    json: bool = False
    candidate: int | None = None
    behind: bool = False
    no_robots: bool = False


def suggest(asked: SuggestionAsked) -> int:
    """Print what may be scraped from the page that is `asked` for; return the exit status.

    0: something may; 1: nothing was found, or the page cannot be had; 2: what was asked cannot be done.
    """
    try:
        said = _said(asked)
    except Refusal as refusal:
        for line in refusal.lines:
            sys.stderr.write(f"suggest: {line}\n")
        return refusal.status
    sys.stdout.write(said + "\n")
    return 0


def _said(asked: SuggestionAsked) -> str:
    url, found = _found(asked)
    if not found.candidates:
        raise Refusal("nothing repeats on this page that looks like records", status=1)
    chosen = _chosen(asked, found)
    if asked.json:
        return _settings(url, chosen)
    return "\n".join(_lines(url, found) if asked.candidate is None else _whole(url, found, chosen))


def _found(asked: SuggestionAsked) -> tuple[str, Suggestions]:
    """Return the URL of the page that is asked for, and what may be scraped from it."""
    if (asked.url is None) == (asked.page is None):
        raise Refusal(
            "say which page: a URL such as https://example.org/list/, or --page with a stored one's id"
        )
    if asked.url is not None:
        return asked.url, _of_url(asked.url, obey_robots=not asked.no_robots, behind=asked.behind)
    if asked.behind:
        raise Refusal("--behind goes with a URL; what is behind a stored page is read where it is stored")
    database.prepare()
    page = Page.objects.filter(pk=asked.page or 0).first()
    if page is None:
        raise Refusal(f"--page: no page is stored as {asked.page}")
    try:
        return page.url, suggestions.of_stored(page)
    except suggestions.CannotSuggest as error:
        raise Refusal(f"--page: {error}", status=1) from None


def _of_url(url: str, *, obey_robots: bool, behind: bool) -> Suggestions:
    """Fetch `url` in this process as a worker's test fetch would."""
    data = {"name": "terminal", "start_urls": [url], "obey_robots": obey_robots, **previews.READS_NOTHING}
    try:
        draft = targets.validate(data, now=timezone.now())
    except targets.InvalidTarget as error:
        raise Refusal(*words.lines_of(error.problems, urls=(url,))) from None
    database.prepare()
    frozen = {name: draft.values[name] for name in runs.FROZEN}
    return _suggested(runner.preview(frozen, headers={}, suggest=True, behind=behind))


def _suggested(finding: Finding) -> Suggestions:
    if isinstance(finding, Shown) and finding.suggestions is not None:
        for problem in finding.problems:
            sys.stderr.write(f"suggest: {problem.message}\n")
        return finding.suggestions
    raise Refusal(why_nothing(finding), status=1)


def _chosen(asked: SuggestionAsked, found: Suggestions) -> Candidate:
    """Return the candidate that is asked for, the first where none is."""
    number = 1 if asked.candidate is None else asked.candidate
    if not 1 <= number <= len(found.candidates):
        raise Refusal(f"--candidate: there are {len(found.candidates)}, and no number {number}")
    return found.candidates[number - 1]


def _settings(url: str, candidate: Candidate) -> str:
    begins = {"start_urls": [url]}
    return orjson.dumps(begins | candidate.declaration, option=orjson.OPT_INDENT_2).decode()


def _lines(url: str, found: Suggestions) -> Iterator[str]:
    for number, candidate in enumerate(found.candidates, start=1):
        yield _heading(number, candidate)
        yield from _table(candidate)
        yield ""
    yield from _behind(found.candidates[0])
    yield from _next_page(found)
    yield f"to crawl with the first: {_command(url, found.candidates[0])}"


def _whole(url: str, found: Suggestions, candidate: Candidate) -> Iterator[str]:
    """Yield all that is known of one candidate: its fields, how each is read, and every sample."""
    yield _heading(found.candidates.index(candidate) + 1, candidate)
    yield from _table(candidate)
    yield ""
    width = max(map(len, candidate.fields))
    yield "   read by"
    for name, said in candidate.fields.items():
        yield f"   {name.ljust(width)}  {orjson.dumps(said).decode()}"
    for number, record in enumerate(candidate.samples, start=1):
        yield f"\n   record {number}"
        for name, value in record.items():
            yield f"   {name.ljust(width)}  {_shown(value, most=_WIDEST_ALONE)}"
    yield ""
    yield from _behind(candidate)
    yield from _next_page(found)
    yield f"to crawl with it: {_command(url, candidate)}"


def _heading(number: int, candidate: Candidate) -> str:
    return f"{number}. {candidate.rows:,} records, score {candidate.score:.2f}: {candidate.row}"


def _behind(candidate: Candidate) -> Iterator[str]:
    """Say which page behind a record was looked at, or how to have one looked at."""
    if candidate.behind:
        yield f"looked at behind {candidate.link}: {' '.join(candidate.behind)}"
    elif candidate.link:
        yield (
            f"each record leads to a page of its own ({candidate.link}): --behind looks at the first one, too"
        )


def _next_page(found: Suggestions) -> Iterator[str]:
    if found.next_page is not None:
        how = f" ({found.next_page.selector})" if found.next_page.selector else ""
        yield f"next page: {found.next_page.url}{how}"


def _table(candidate: Candidate) -> Iterator[str]:
    rows = [("field", "holds", "in", "for example")]
    for column in candidate.columns:
        values = [record[column.name] for record in candidate.samples if column.name in record]
        where = f"page of {column.follow}" if column.follow else f"{column.share:.0%}"
        rows.append((column.name, column.meaning, where, _shown(values[0] if values else "")))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield ("   " + "  ".join(cells)).rstrip()


def _shown(value: Any, *, most: int = _WIDEST) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    text = plain(text, instead=" ")
    return text if len(text) <= most else text[: most - 1] + "…"


def _command(url: str, candidate: Candidate) -> str:
    parts = ["./run", "crawl", url, "--row", candidate.row]
    for name, said in candidate.fields.items():
        parts += ["--field", f"{name}={orjson.dumps(said).decode()}"]
    for name, option in candidate.options.items():
        parts += ["--option", f"{name}={option}"]
    for name in candidate.key:
        parts += ["--key", name]
    return shlex.join(parts)
