"""What a test fetch found: values that travel as JSON from the worker to whoever asked."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 pydantic reads the annotations
from dataclasses import dataclass, field
from typing import Any, Literal, assert_never

from scrapers.reader import Facts
from scrapers.suggesting import Suggestions  # noqa: TC001 as above

MOST_LINKS = 200
MOST_ITEMS = 50
MOST_SAMPLES = 50
MOST_PROBLEMS = 50
MOST_SITEMAPS = 20
TEXT_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A redirect on the way to the page."""

    url: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the server answered. `url` was asked for, redirects led to `final_url`; `size` in bytes."""

    url: str
    final_url: str
    status: int
    content_type: str
    size: int
    seconds: float
    hops: tuple[Hop, ...]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A link that is not followed, and why."""

    reason: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The links of the page: the first of those to follow, and by reason how many are not."""

    followed: tuple[str, ...] = ()
    followed_count: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    samples: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One item that would be stored, with its key within the target."""

    key: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What a page or its scraper did not give; `field` is the path of the declared field to blame."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page as a run would see it; of `items`, `problems` and `text` only the beginning.

    `sitemaps` are those that the robots.txt of its host names, as far as that was asked for.
    `suggestions` say what may be scraped, where that was asked for. `follows_count` of the items go on to
    other pages; the first one was completed on the pages of `completed_on`, the others are shown as they are
    here.
    """

    response: Response
    links: Links
    items: tuple[Record, ...] = ()
    items_count: int = 0
    problems: tuple[Trouble, ...] = ()
    problems_count: int = 0
    facts: Facts = field(default_factory=Facts)
    text: str = ""
    sitemaps: tuple[str, ...] = ()
    suggestions: Suggestions | None = None
    follows_count: int = 0
    completed_on: tuple[str, ...] = ()
    state: Literal["done"] = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """robots.txt forbids the page, by `rule` on `line` of the file."""

    url: str
    rule: str
    line: int
    state: Literal["robots"] = "robots"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A run that holds a host."""

    run: int
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The host was held by others for as long as we wait: by these runs, and by `others` of other people."""

    origin: str
    runs: tuple[Holder, ...] = ()
    others: int = 0
    state: Literal["held"] = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfetched:
    """There is no page to show; `code` is one of `crawler.errors`."""

    url: str
    code: str
    message: str
    state: Literal["failed"] = "failed"


Finding = Shown | Forbidden | Held | Unfetched


def why_nothing(finding: Finding) -> str:
    """Return in words why a look at a page that was to be used gave nothing that can be."""
    match finding:
        case Shown(problems=problems):
            return "; ".join(problem.message for problem in problems) or "there is nothing to look at"
        case Forbidden(rule=rule, line=line):
            return f"robots.txt forbids this page: line {line}, {rule}"
        case Held(origin=origin):
            return f"{origin} is being crawled and was not free within ten seconds"
        case Unfetched(message=message):
            return message
        case never:
            assert_never(never)
