"""Reads one page with one scraper: items, links, problems and facts, whatever the page does."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson

from scrapers import folder
from scrapers.links import Carried, Follow, Link, links
from scrapers.page import JSON, Page, Problem, Scraped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scrapers.registry import Resuming, Scraper, Yielded

__all__ = ["Facts", "Problem", "Reading", "Scraped", "preload", "read", "said_of"]

MAX_ITEMS = 10_000
MAX_ITEM_BYTES = 1024 * 1024
MAX_PROBLEMS = 10_000
MAX_CARRIED_BYTES = 64 * 1024
"""What a record may carry to its next page: it is stored until that page is there."""
MAX_LEVELS = 10
"""After so many pages a record is not completed any further: a callback may follow without end."""
RAISED = "scraper_raised"
NOFOLLOW = "its page says that its links are not to be followed"
_MAX_DETAIL_CHARACTERS = 20_000
_SITES = str(Path(__file__).parent / "sites")
_MAX_MESSAGE_CHARACTERS = 500
_PLAIN_TYPES = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
# Escaped NUL (no database stores it), but not the text "\\u0000" with an escaped backslash before.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a page says about itself; None and False where it says nothing or is not HTML."""

    title: str | None = None
    canonical: str | None = None
    language: str | None = None
    noindex: bool = False
    nofollow: bool = False
    parse_truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything one page gave.

    `follows` are records that go on to other pages. `completed` has, for each record that was carried to
    this page, the items that came of it.
    """

    items: tuple[Scraped, ...]
    links: tuple[Link, ...]
    problems: tuple[Problem, ...]
    facts: Facts
    follows: tuple[Carried, ...] = ()
    completed: tuple[tuple[Scraped, ...], ...] = ()


@dataclass(slots=True, kw_only=True)
class _Gathered:
    items: list[Scraped] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    follows: list[Carried] = field(default_factory=list)
    level: int = 0

    def report(self, problem: Problem) -> None:
        """Keep `problem`, unless the page has had so many that more say nothing new."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


def preload() -> None:
    """Import what only some pages need, so that it takes none of their time.

    Called before processes are forked, which then share it.
    """
    for name in ("bs4", "dateparser"):
        import_module(name)


@cache
def load(libraries: tuple[str, ...]) -> None:
    """Import what a scraper needs for its first page: once, and not within the limits of reading one."""
    for name in libraries:
        import_module(name)


def read(page: Page, scraper: Scraper) -> Reading:
    """Return what `page` gives: its own links always, and what `scraper` makes of it.

    A page that says `nofollow` gives no links, whoever found them.
    A scraper that raises costs the page the items it had not yet yielded; the problem
    `scraper_raised` carries the traceback. What is no Exception (a time-out by signal) passes, and so
    does MemoryError: who reads knows how much there is.
    """
    own = links(page)
    gathered = _Gathered()
    _parse(page, scraper, gathered)
    return _reading(page, gathered, own=own)


def resume(page: Page, scraper: Resuming, carried: Sequence[Carried], *, again: bool = False) -> Reading:
    """Return what `page` gives, and what it gives for the records `carried` to it.

    A page that is read `again` for those that came late gives nothing else: it has given that before.
    A callback that raises costs its record what it had not yet yielded.
    """
    own = () if again else links(page)
    gathered = _Gathered()
    if not again:
        _parse(page, scraper, gathered)
    completed = tuple(_resumed(page, scraper, record, gathered) for record in carried)
    return _reading(page, gathered, own=own, completed=completed)


def _parse(page: Page, scraper: Scraper, gathered: _Gathered) -> None:
    if page.nested_too_deep:
        message = "so many tags are left open that the page would take too long; its beginning is read"
        gathered.report(Problem(code="nested_too_deep", message=message))
    _gather(lambda: scraper.parse(page), scraper, gathered)


def _gather(yields: Callable[[], Iterable[Yielded]], scraper: Scraper, gathered: _Gathered) -> None:
    """Sort everything that is yielded; what is raised is a problem, and the last."""
    try:
        for yielded in yields():
            if len(gathered.items) + len(gathered.follows) >= MAX_ITEMS:
                message = f"only the first {MAX_ITEMS:,} items of a page are taken"
                gathered.problems.append(Problem(code="too_many_items", message=message))
                break
            _sort(yielded, gathered)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001
        gathered.problems.append(_raised(error, scraper))


def _resumed(page: Page, scraper: Resuming, record: Carried, gathered: _Gathered) -> tuple[Scraped, ...]:
    """Return the items that come of a record; the rest is gathered.

    The callback may change the data that it is given, which is a copy: a record that it raised for, and gave
    nothing of, is no further than before.
    """
    one = _Gathered(level=record.level)
    data = orjson.loads(orjson.dumps(record.data))
    _gather(lambda: scraper.resume(page, record.callback, data), scraper, one)
    gathered.links += one.links
    gathered.follows += one.follows
    for problem in one.problems:
        gathered.report(problem)
    if not one.items and not one.follows and any(problem.code == RAISED for problem in one.problems):
        gathered.follows.append(replace(record, refusal="its scraper raised an exception on this page"))
    return tuple(one.items)


def _reading(
    page: Page,
    gathered: _Gathered,
    *,
    own: tuple[Link, ...],
    completed: tuple[tuple[Scraped, ...], ...] = (),
) -> Reading:
    found = () if page.robots.nofollow else (*own, *gathered.links)
    follows = gathered.follows
    if follows and page.robots.nofollow:
        follows = [replace(one, refusal=one.refusal or NOFOLLOW) for one in follows]
    return Reading(
        items=tuple(gathered.items),
        links=_once(found) if gathered.links else own,
        problems=tuple(gathered.problems),
        facts=_facts(page),
        follows=tuple(follows),
        completed=completed,
    )


def _sort(yielded: Yielded, gathered: _Gathered) -> None:
    match yielded:
        case Scraped(data=data):
            _keep(data, gathered)
        case Link(url=url):
            _must_be(url, str, "the URL of a Link is text")
            gathered.links.append(yielded)
        case Problem():
            gathered.report(yielded)
        case dict():
            _keep(yielded, gathered)
        case Follow():
            _carry(yielded, gathered)
        case _:
            raise TypeError(f"a scraper yields dicts, links and follows, not {type(yielded).__name__}")


def _keep(data: dict[str, JSON], gathered: _Gathered) -> None:
    """Store `data` as plain JSON; a value that is none is a problem, and so is a record that is too large."""
    stored = _stored(data, gathered)
    if stored:
        gathered.items.append(Scraped(data=stored[0]))


def _carry(follow: Follow, gathered: _Gathered) -> None:
    """Have a record go on to its next page, unless it is too large for that or has come too far."""
    _must_be(follow.url, str, "the URL of a Follow is text")
    stored = _stored(follow.data, gathered, may_be_empty=True)
    if stored is None:
        return
    data, size = stored
    level, refusal = gathered.level + 1, ""
    if size > MAX_CARRIED_BYTES:
        refusal = f"it has {size:,} bytes of JSON, and {MAX_CARRIED_BYTES:,} are what a record may carry"
    elif level > MAX_LEVELS:
        refusal = f"a record is completed on {MAX_LEVELS} pages at most"
    gathered.follows.append(
        Carried(
            url=follow.url,
            callback=follow.callback,
            data=data,
            partial=bool(follow.partial),
            level=level,
            refusal=refusal,
        )
    )


def _stored(
    data: dict[str, JSON], gathered: _Gathered, *, may_be_empty: bool = False
) -> tuple[dict[str, JSON], int] | None:
    """Return `data` as plain JSON and its bytes: dates become text, NaN null; None where it is not taken."""
    _must_be(data, dict, "an item is a dict")
    try:
        plain = orjson.dumps(data, default=_json_value, option=_PLAIN_TYPES)
    except (TypeError, RecursionError) as error:
        message = f"an item is not JSON: {error}"[:_MAX_MESSAGE_CHARACTERS]
        gathered.report(Problem(code="bad_type", message=message))
        return None
    if len(plain) > MAX_ITEM_BYTES:
        message = f"an item has {len(plain):,} bytes of JSON; {MAX_ITEM_BYTES:,} are the limit"
        gathered.report(Problem(code="item_too_large", message=message))
        return None
    if b"\\u0000" in plain:
        plain = _NUL.sub(rb"\1", plain)
    stored = cast("dict[str, JSON]", orjson.loads(plain))
    return (stored, len(plain)) if stored or may_be_empty else None


def _must_be(value: object, kind: type, said: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{said}, not {type(value).__name__}")


def _json_value(value: object) -> JSON:
    match value:
        case Decimal():
            return float(value)
        case set() | frozenset() | tuple():
            return cast("JSON", list(value))
        case date():
            return value.isoformat()
        case str():
            return str(value)
        case _:
            raise TypeError(f"{type(value).__name__} is not a JSON value")


def _raised(error: Exception, scraper: Scraper) -> Problem:
    return Problem(
        code=RAISED,
        message=f"{scraper.name} raised {said_of(error)}",
        detail="".join(traceback.format_exception(error))[-_MAX_DETAIL_CHARACTERS:],
    )


def said_of(error: Exception) -> str:
    """Return the class of `error`, what it says, and the line that raised it.

    The line is the last one in a site's own scraper, where any is: what that called is rarely to blame.
    """
    frames = traceback.extract_tb(error.__traceback__)
    folders = (_SITES, str(folder.installed().path or _SITES))
    own = [frame for frame in frames if frame.filename.startswith(folders)] or frames
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    said = str(error)[:_MAX_MESSAGE_CHARACTERS]
    return f"{type(error).__name__}{': ' if said else ''}{said}{where}"


def _once(found: tuple[Link, ...]) -> tuple[Link, ...]:
    first: dict[str, Link] = {}
    for link in found:
        if link.url not in first or (link.continues and not first[link.url].continues):
            first[link.url] = link
    return tuple(first.values())


def _facts(page: Page) -> Facts:
    robots = page.robots
    return Facts(
        title=page.title,
        canonical=page.canonical,
        language=page.language,
        noindex=robots.noindex,
        nofollow=robots.nofollow,
        parse_truncated=page.parse_truncated,
    )
