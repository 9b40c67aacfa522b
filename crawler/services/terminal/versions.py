"""`./run versions`: what a page was, and what changed, in a terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson

from crawler.models import Page
from crawler.queries import comparisons
from crawler.queries.comparisons import Incomparable, NotKept
from crawler.services.terminal.asked import Refusal
from crawler.services.terminal.plain import plain
from crawler.urls import BadUrl, canonical
from scrapers.comparing import ShownKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.queries.comparisons import Version
    from scrapers.comparing import Comparison, Line
    from scrapers.comparing.differing import Marked

MOST_DIGITS = 18
MOST_NAMED = 5
AT_ONCE = 500
SIGNS = {ShownKind.SAME: " ", ShownKind.REMOVED: "-", ShownKind.ADDED: "+"}


def page_of(word: str, *, target: str | None) -> Page:
    """Return the stored page of a URL or a number; raises Refusal. Whoever is on this machine sees all."""
    rows = Page.objects.filter(target__deleted_at=None).select_related("target")
    if target is not None:
        rows = rows.filter(target=_number(target, "--target"))
    if word.isdecimal():
        rows = rows.filter(pk=_number(word, "URL"))
    else:
        try:
            rows = rows.filter(key=canonical(word, keep_tracking=True).key)
        except BadUrl as error:
            raise Refusal(f"{word}: {error}") from None
    found = list(rows.order_by("target")[:MOST_NAMED])
    if not found:
        raise Refusal(f"no page is stored of {word}")
    if len(found) > 1:
        names = ", ".join(f"--target {page.target_id} ({page.target.name})" for page in found)
        raise Refusal(f"several targets have this page; choose one: {names}")
    return found[0]


def history(page: Page) -> Iterator[Version]:
    """Yield what the page is and was, newest first."""
    cursor: str | None = None
    while True:
        found = comparisons.page_of(page, cursor=cursor, size=AT_ONCE)
        yield from found.rows
        if (cursor := found.next) is None:
            return


def body(page: Page, name: str) -> bytes:
    """Return the stored bytes of a version; raises Refusal."""
    try:
        return comparisons.body(page, name).body
    except NotKept as error:
        raise Refusal(str(error)) from None


def compare(page: Page, name: str, *, since: str | None, ignored: bool = False) -> Comparison:
    """Return what changed up to a version, also what is `ignored` if asked for; raises Refusal."""
    try:
        after = comparisons.find(page, name)
        before = since or after.before
        if before is None:
            raise Refusal("this is the first version that is kept; --since names another to compare it with")
        return comparisons.compare(
            page, before=before, after=after.name, noise={} if ignored else page.target.noise
        )
    except (NotKept, Incomparable) as error:
        raise Refusal(str(error)) from None


def listed(versions: Iterator[Version]) -> Iterator[str]:
    """Yield a line for each version, for people."""
    yield f"{'version':>10}  {'since':16}  {'until':16}  {'run':>6}  {'status':>6}  {'bytes':>9}  hash"
    for one in versions:
        until = f"{one.ended_at:%Y-%m-%d %H:%M}" if one.ended_at else "now"
        stored = "" if one.is_stored else "  (not stored)"
        noise = f"  only noise: {', '.join(one.noise)}" if one.noise else ""
        noise += "" if one.is_judged else "  (to be judged)"
        yield (
            f"{one.name:>10}  {one.began_at:%Y-%m-%d %H:%M}  {until:16}  {one.run:>6}  {one.status:>6}  "
            f"{one.size:>9,}  {one.hash[:12]}{stored}{noise}"
        )


def document(version: Version) -> bytes:
    """Return a version as a line of JSON."""
    said = {"version": version.name, **asdict(version), "body_hash": version.hash}
    del said["number"]
    return orjson.dumps(said, option=orjson.OPT_UTC_Z)


def told(comparison: Comparison) -> Iterator[str]:
    """Yield what changed, for people: words that changed within a line stand in brackets."""
    for line in comparison.lines:
        yield from _line(line)
    yield f"{comparison.changed:,} changed, {comparison.added:,} added, {comparison.removed:,} removed"
    if comparison.is_cut:
        yield "only the first are shown"
    if comparison.whole_lines:
        yield f"{comparison.whole_lines:,} changed lines are too long to compare word by word: marked whole"


def _line(line: Line) -> Iterator[str]:
    if line.kind is ShownKind.SKIPPED:
        yield f"  … {line.count:,} lines that did not change"
    elif line.kind is ShownKind.CHANGED:
        yield f"- {_spelled(line.before)}"
        yield f"+ {_spelled(line.after)}"
    else:
        yield f"{SIGNS[line.kind]} {_spelled(line.after if line.before is None else line.before)}"


def _spelled(parts: Marked | None) -> str:
    """Return a line without what a terminal would take for a command."""
    text = "".join(f"[{text}]" if differs else text for text, differs in parts or ())
    return plain(text)


def _number(word: str, option: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) <= MOST_DIGITS):
        raise Refusal(f"{option}: {word!r} is no number")
    return int(word)
