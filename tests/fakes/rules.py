"""Rules of runs, made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.engine.work import PageRecord, RunRules
from crawler.frontier.politeness import Pace
from crawler.frontier.scope import compile_scope
from crawler.policy.identity import digest
from crawler.urls import canonical
from scrapers.reader import Facts, Reading, Scraped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.http import Fetched
    from scrapers.links import Link

AGENT = "Trawl/test"


def read_nothing(_page: Fetched) -> Reading:
    return a_reading()


def a_reading(*items: dict[str, Any], links: Iterable[Link] = (), title: str | None = None) -> Reading:
    return Reading(
        items=tuple(Scraped(data=item) for item in items),
        links=tuple(links),
        problems=(),
        facts=Facts(title=title),
    )


def some_rules(run: int = 1, *starts: str, delay_seconds: float = 0.0, **changes: Any) -> RunRules:
    """Return the rules of a run that reads nothing, asks without a delay and ignores robots.txt."""
    values: dict[str, Any] = {
        "run": run,
        "target": run,
        "scope": compile_scope(
            kind="host", starts=starts or ("http://a.test/",), include=(), exclude=(), max_depth=None
        ),
        "pace": Pace(delay_seconds=delay_seconds),
        "read": read_nothing,
        "headers": (("User-Agent", AGENT),),
        "plain_headers": (("User-Agent", AGENT),),
        "obey_robots": False,
        "starts": frozenset(canonical(url).text for url in starts or ("http://a.test/",)),
    }
    return RunRules(**values | changes)


def a_page(body: bytes | None, **changes: Any) -> PageRecord:
    """Return what a visit learnt of a page with this body."""
    values: dict[str, Any] = {
        "status": 200,
        "content_type": "text/html",
        "title": "",
        "etag": "",
        "last_modified": "",
        "noindex": False,
        "canonical": "",
        "hints": "",
        "body": body,
        "body_hash": digest(body or b""),
        "size": len(body or b""),
    }
    return PageRecord(**values | changes)
