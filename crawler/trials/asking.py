"""Asks a process of its own what is wrong with selectors, what pages have and link to, and what to read."""

from __future__ import annotations

import signal
import subprocess
import sys
from base64 import b64decode
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from crawler.errors import explain
from scrapers import folder
from scrapers.comparing import Comparison, Line, ShownKind
from scrapers.comparing.simhash import Fingerprint
from scrapers.links import Carried, Link
from scrapers.reader import Facts, Problem, Reading, Scraped
from scrapers.registry import InvalidScraper
from scrapers.suggesting import Candidate, NextPage, SuggestedField, Suggestions
from scrapers.suggesting.mending import Mended, Proposal
from scrapers.suggesting.trying import Count, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crawler.http import Fetched

ROOT: Final = Path(__file__).resolve().parents[2]
CPU_SECONDS: Final = 1.0
READ_CPU_SECONDS: Final = 2.0
PAGE_CPU_SECONDS: Final = 5.0
SUGGEST_CPU_SECONDS: Final = 4.0
COMPARE_CPU_SECONDS: Final = 3.0
MEND_CPU_SECONDS: Final = 10.0
FINGERPRINT_CPU_SECONDS: Final = 6.0
MEMORY_BYTES: Final = 1 << 30
LONGEST_WAIT_SECONDS: Final = 60.0
MANY_CPU_SECONDS: Final = 15.0
"""What reading many pages may take in all; those that are left are for the next process."""

TOO_LONG: Final = "takes too long, already on a small page; select what is needed more directly"
TOO_LONG_TOGETHER: Final = "take too long together, already on a small page; nest fewer of them"
CRASHED: Final = "ends the program that reads pages; write it more simply"


class StoredPage(NamedTuple):
    """A page as it was stored; the names of its `headers` are in lower case."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Records(NamedTuple):
    """What a page gave: the records by the scraper in question and by that of before, None without one.

    `follows` and `followed_before` are those that go on to other pages, which `completed_of` reads.
    """

    items: tuple[dict[str, Any], ...]
    before: tuple[dict[str, Any], ...] | None
    problems: tuple[Problem, ...]
    follows: tuple[Carried, ...] = ()
    followed_before: tuple[Carried, ...] = ()


class Completed(NamedTuple):
    """What a page made of a record that was carried to it, in so many bytes of JSON."""

    items: tuple[dict[str, Any], ...]
    follows: tuple[Carried, ...]
    problems: tuple[Problem, ...]
    size: int


class Unreadable(NamedTuple):
    """A page that could not be read, by its code and what that means."""

    code: str
    message: str


class CannotTry(Exception):
    """The process that tries selectors could not be started, or ended without an answer."""


class TookTooLong(Exception):
    """Reading a page took all the time that a test fetch has for it."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """What a process said until it ended, and how it did."""

    said: tuple[dict[str, Any], ...]
    code: int

    def culprit(self, *, cpu_seconds: float) -> str:
        """Return what it spent most on: the path of a selector, or "" for all of them together."""
        tried = [line for line in self.said if "trying" in line]
        began = tried[0]["used"] if tried else 0.0
        ends = [*(line["used"] for line in tried[1:]), began + cpu_seconds]
        spent = {line["trying"]: end - line["used"] for line, end in zip(tried, ends, strict=False)}
        return max(spent, key=lambda path: spent[path], default="")


def problems_of(
    settings: Mapping[str, Any], *, cpu_seconds: float = CPU_SECONDS
) -> tuple[tuple[str, str], ...]:
    """Return what is wrong with a scraper's settings, by path: also what takes too long or too much memory.

    `settings` has the arguments of `scrapers.registry.compile`.
    """
    ended = _run({"settings": dict(settings)}, cpu_seconds=cpu_seconds)
    last = ended.said[-1] if ended.said else {}
    if "problems" in last:
        return tuple((path, message) for path, message in last["problems"])
    path = ended.culprit(cpu_seconds=cpu_seconds)
    if ended.code not in {-signal.SIGPROF, -signal.SIGKILL}:
        if ended.code >= 0:
            raise CannotTry(f"the trial of selectors ended with code {ended.code}")
        return ((path or "fields", CRASHED),)
    return ((path, TOO_LONG),) if path else (("fields", TOO_LONG_TOGETHER),)


def reading_of(
    settings: Mapping[str, Any], page: Fetched, *, carried: Sequence[Carried] | None = None
) -> Reading:
    """Return what a scraper reads from `page`, or for the records `carried` there if any are.

    Raises TookTooLong, MemoryError or CannotTry.
    """
    headers = {name.lower(): value for name, value in page.headers}
    about = {"url": page.url, "status": page.status, "headers": headers}
    asked: dict[str, Any] = {"settings": dict(settings), "page": about}
    if carried is not None:
        asked["carried"] = [asdict(record) for record in carried]
    return _reading(_answer("reading", asked, cpu_seconds=READ_CPU_SECONDS, body=page.body))


def suggestions_of(page: StoredPage, *, cpu_seconds: float = SUGGEST_CPU_SECONDS) -> Suggestions:
    """Return what to scrape from `page`; raises TookTooLong, MemoryError or CannotTry."""
    asked = {"page": {"url": page.url, "headers": dict(page.headers)}}
    return _suggestions(_answer("suggestions", asked, cpu_seconds=cpu_seconds, body=page.body))


def completed_by(
    listed: StoredPage,
    candidate: Candidate,
    behind: Sequence[tuple[str, StoredPage]],
    *,
    cpu_seconds: float = SUGGEST_CPU_SECONDS,
) -> Candidate:
    """Return a candidate of the page `listed` with what the pages behind some of its links have of records.

    Raises TookTooLong, MemoryError or CannotTry.
    """
    pages = [listed, *(page for _link, page in behind)]
    asked = {
        "suggested": {**asdict(candidate), "samples": list(candidate.samples)},
        "links": [link for link, _page in behind],
        "known": _about(pages),
    }
    bodies = b"".join(page.body for page in pages)
    return _candidate(_answer("candidate", asked, cpu_seconds=cpu_seconds, body=bodies))


def mended_of(
    pages: Sequence[tuple[StoredPage, Sequence[Mapping[str, Any]]]],
    *,
    row: str,
    fields: Mapping[str, Any],
    broken: Iterable[str],
    moves: bool = False,
    cpu_seconds: float = MEND_CPU_SECONDS,
) -> Mended:
    """Return what may read broken fields from pages, each with the records that it had before.

    With `moves` they were on other pages: rows stay. Raises TookTooLong, MemoryError or CannotTry.
    """
    mended = {"row": row, "fields": dict(fields), "broken": list(broken), "moves": moves}
    asked = {"mended": mended, "known": _known(pages)}
    bodies = b"".join(page.body for page, _records in pages)
    said = _answer("found", asked, cpu_seconds=cpu_seconds, body=bodies)
    fields = {name: [Proposal(**one) for one in proposals] for name, proposals in said["fields"].items()}
    return Mended(**{**said, "fields": fields})


def tried_of(
    pages: Sequence[tuple[StoredPage, Sequence[Mapping[str, Any]]]],
    *,
    row: str,
    fields: Mapping[str, Any],
    declared: Sequence[tuple[str, Mapping[str, Any]]],
    cpu_seconds: float = MEND_CPU_SECONDS,
) -> Trial:
    """Return what each declaration gives for its field, on as many of the pages as there was time for.

    It takes the place of what `fields` declares at its path. Pages and what it raises are as for `mended_of`.
    """
    tried = {"row": row, "fields": dict(fields), "declared": [[path, dict(one)] for path, one in declared]}
    asked = {"tried": tried, "known": _known(pages)}
    bodies = b"".join(page.body for page, _records in pages)
    said = _answer("gives", asked, cpu_seconds=cpu_seconds, body=bodies)
    return Trial(**{**said, "counts": [Count(**one) for one in said["counts"]]})


def _answer(name: str, asked: Mapping[str, Any], *, cpu_seconds: float, body: bytes) -> Mapping[str, Any]:
    """Return what the process says of a page; raises TookTooLong, MemoryError or CannotTry."""
    ended = _run(asked, cpu_seconds=cpu_seconds, body=body)
    last = ended.said[-1] if ended.said else {}
    if name in last:
        answer: Mapping[str, Any] = last[name]
        return answer
    if "too_large" in last:
        raise MemoryError
    if ended.code in {-signal.SIGPROF, -signal.SIGKILL}:
        raise TookTooLong
    raise CannotTry(f"the process that read the page ended with code {ended.code}")


def thumbnail_of(body: bytes) -> bytes | None:
    """Return a small copy of a picture as PNG; None where it cannot be had within time and memory."""
    ended = _run({"thumbnail": True}, cpu_seconds=READ_CPU_SECONDS, body=body)
    said = ended.said[-1].get("thumbnail") if ended.said else None
    return b64decode(said) if said else None


def comparison_of(
    before: StoredPage,
    after: StoredPage,
    *,
    noise: Mapping[str, Any],
    cpu_seconds: float = COMPARE_CPU_SECONDS,
) -> Comparison:
    """Return how the text of a page changed; raises TookTooLong, MemoryError or CannotTry.

    `noise` are the rules of `scrapers.comparing.Noise` about what is ignored.
    """
    pages = [before, after]
    asked = {"compared": _about(pages), "noise": dict(noise)}
    bodies = b"".join(page.body for page in pages)
    said = _answer("comparison", asked, cpu_seconds=cpu_seconds, body=bodies)
    lines = tuple(_line(line) for line in said["lines"])
    return Comparison(**{**said, "lines": lines})


def fingerprints_of(
    pages: Sequence[StoredPage], *, cpu_seconds: float = FINGERPRINT_CPU_SECONDS
) -> list[Fingerprint | None]:
    """Return the fingerprints of the first of `pages`, of one at least, as far as time goes.

    None for a page that has no text, or at which the process ended: it is the last that is told of. Raises
    CannotTry.
    """
    bodies = b"".join(page.body for page in pages)
    asked = {"fingerprinted": _about(pages), "soft_cpu_seconds": cpu_seconds / 2}
    ended = _run(asked, cpu_seconds=cpu_seconds, body=bodies)
    told: list[Fingerprint | None] = [
        Fingerprint(*line["fingerprint"]) if line["fingerprint"] else None
        for line in ended.said
        if "fingerprint" in line
    ]
    if ended.code == 0:
        return told
    if not ended.said:
        raise CannotTry(f"the process that reads stored pages ended with code {ended.code}")
    return [*told, None]


def verdicts_of(
    pairs: Sequence[tuple[StoredPage, StoredPage]],
    *,
    noise: Mapping[str, Any],
    page_cpu_seconds: float = COMPARE_CPU_SECONDS,
    cpu_seconds: float = MANY_CPU_SECONDS,
) -> list[tuple[str, ...] | None]:
    """Return of which noise alone the first changes consist, of one at least, as far as time goes.

    None for one that counts, or at which the process ended: it is the last that is told of. Raises
    CannotTry.
    """
    pages = [page for pair in pairs for page in pair]
    asked = {
        "judged": _about(pages),
        "noise": dict(noise),
        "page_cpu_seconds": page_cpu_seconds,
        "most_cpu_seconds": cpu_seconds,
    }
    ended = _run(asked, cpu_seconds=page_cpu_seconds, body=b"".join(page.body for page in pages))
    told = [tuple(line["only"]) if line["only"] else None for line in ended.said if "only" in line]
    if ended.code == 0:
        return told
    if not ended.said:
        raise CannotTry(f"the process that compares stored pages ended with code {ended.code}")
    return [*told, None]


def _line(said: Mapping[str, Any]) -> Line:
    sides = {
        name: None if said[name] is None else tuple((text, differs) for text, differs in said[name])
        for name in ("before", "after")
    }
    return Line(kind=ShownKind(said["kind"]), count=said["count"], **sides)


def links_of(pages: Sequence[StoredPage], *, cpu_seconds: float, wait_seconds: float) -> list[list[str]]:
    """Return where each page links to that none before it did; of fewer pages when time ran out."""
    bodies = b"".join(page.body for page in pages)
    ended = _run({"pages": _about(pages)}, cpu_seconds=cpu_seconds, body=bodies, wait_seconds=wait_seconds)
    return [line["links"] for line in ended.said if "links" in line]


def records_of(
    settings: Mapping[str, Any],
    pages: Sequence[StoredPage],
    *,
    before: Mapping[str, Any] | None = None,
    page_cpu_seconds: float = PAGE_CPU_SECONDS,
    cpu_seconds: float = MANY_CPU_SECONDS,
) -> list[Records | Unreadable]:
    """Return what a scraper reads from the first of `pages`, of one at least, as far as time goes.

    `before` are the settings of a scraper to read with besides; one that cannot be made reads nothing.
    A page that ends the process, or takes too long, is the last that is told of. Raises InvalidScraper
    for `settings` that make no scraper, and CannotTry.
    """
    asked = {
        "settings": dict(settings),
        "before": dict(before) if before is not None else None,
        "replayed": _about(pages),
        "page_cpu_seconds": page_cpu_seconds,
        "most_cpu_seconds": cpu_seconds,
    }
    ended = _run(asked, cpu_seconds=page_cpu_seconds, body=b"".join(page.body for page in pages))
    culprit = _require_begun(ended)
    told = [_records(line) for line in ended.said if "items" in line or "unreadable" in line]
    return [*told, *culprit]


def completed_of(
    settings: Mapping[str, Any],
    pages: Sequence[tuple[StoredPage, Sequence[Carried]]],
    *,
    page_cpu_seconds: float = PAGE_CPU_SECONDS,
    cpu_seconds: float = MANY_CPU_SECONDS,
    wait_seconds: float = LONGEST_WAIT_SECONDS,
) -> list[Completed | Unreadable]:
    """Return what came of the first of the records that were carried to `pages`, as far as time goes.

    They come in the order of the pages, and of the records of each. Where reading a page ends the process,
    or takes too long, this is the last that is told of. Raises as `records_of` does.
    """
    about = _about([page for page, _records in pages])
    asked = {
        "settings": dict(settings),
        "completed": [
            {**one, "carried": [asdict(record) for record in records]}
            for one, (_page, records) in zip(about, pages, strict=True)
        ],
        "page_cpu_seconds": page_cpu_seconds,
        "most_cpu_seconds": cpu_seconds,
    }
    bodies = b"".join(page.body for page, _records in pages)
    ended = _run(asked, cpu_seconds=page_cpu_seconds, body=bodies, wait_seconds=wait_seconds)
    culprit = _require_begun(ended)
    told = [_completed(line) for line in ended.said if "items" in line or "unreadable" in line]
    return [*told, *culprit]


def _require_begun(ended: _Ended) -> list[Unreadable]:
    """Return what became of the page at which the process ended, nothing where it came to its end.

    Raises InvalidScraper, and CannotTry for a process that did not begin.
    """
    if ended.said and "invalid" in ended.said[0]:
        raise InvalidScraper(tuple((path, message) for path, message in ended.said[0]["invalid"]))
    if ended.code == 0:
        return []
    if not ended.said:
        raise CannotTry(f"the process that reads stored pages ended with code {ended.code}")
    return [_culprit(ended.code)]


def _known(pages: Sequence[tuple[StoredPage, Sequence[Mapping[str, Any]]]]) -> list[dict[str, Any]]:
    about = _about([page for page, _records in pages])
    return [{**one, "records": list(records)} for one, (_page, records) in zip(about, pages, strict=True)]


def _about(pages: Sequence[StoredPage]) -> list[dict[str, Any]]:
    return [{"url": page.url, "headers": dict(page.headers), "size": len(page.body)} for page in pages]


def _records(line: Mapping[str, Any]) -> Records | Unreadable:
    if "unreadable" in line:
        code, message = line["unreadable"]
        return Unreadable(code, message)
    return Records(
        items=tuple(line["items"]),
        before=None if line["before"] is None else tuple(line["before"]),
        problems=tuple(Problem(**problem) for problem in line["problems"]),
        follows=_carried(line["follows"]),
        followed_before=_carried(line["followed_before"]),
    )


def _completed(line: Mapping[str, Any]) -> Completed | Unreadable:
    if "unreadable" in line:
        code, message = line["unreadable"]
        return Unreadable(code, message)
    return Completed(
        items=tuple(line["items"]),
        follows=_carried(line["follows"]),
        problems=tuple(Problem(**problem) for problem in line["problems"]),
        size=line["size"],
    )


def _carried(said: Iterable[Mapping[str, Any]]) -> tuple[Carried, ...]:
    return tuple(Carried(**record) for record in said)


def _culprit(code: int) -> Unreadable:
    """Return what became of the page at which the process ended."""
    if code in {-signal.SIGPROF, -signal.SIGKILL}:
        return Unreadable("reader_timed_out", explain("reader_timed_out"))
    return Unreadable("reader_failed", "reading this page ends the program that reads pages")


def _run(
    what: Mapping[str, Any],
    *,
    cpu_seconds: float,
    body: bytes = b"",
    wait_seconds: float = LONGEST_WAIT_SECONDS,
) -> _Ended:
    """Run the child to its end; whatever interrupts the waiting ends it too."""
    asked = {**what, "cpu_seconds": cpu_seconds, "memory_bytes": MEMORY_BYTES}
    asked["scrapers"] = str(folder.installed().path or "")
    with _started() as child:
        try:
            said, _ = child.communicate(orjson.dumps(asked) + b"\n" + body, timeout=wait_seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            said, _ = child.communicate()
        except BaseException:
            child.kill()
            raise
    lines = said.split(b"\n")[:-1]  # what was not ended by a line break was cut off
    return _Ended(tuple(orjson.loads(line) for line in lines), child.returncode)


def _started() -> subprocess.Popen[bytes]:
    """Start the child, without the environment, which has secrets that no selector needs."""
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "crawler.trials.child"],
            cwd=ROOT,
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise CannotTry(f"no process can be started: {error}") from None


def _reading(said: Mapping[str, Any]) -> Reading:
    return Reading(
        items=tuple(Scraped(**item) for item in said["items"]),
        links=tuple(Link(**link) for link in said["links"]),
        problems=tuple(Problem(**problem) for problem in said["problems"]),
        facts=Facts(**said["facts"]),
        follows=_carried(said["follows"]),
        completed=tuple(tuple(Scraped(**item) for item in items) for items in said["completed"]),
    )


def _suggestions(said: Mapping[str, Any]) -> Suggestions:
    following = said["next_page"]
    return Suggestions(
        candidates=tuple(map(_candidate, said["candidates"])),
        next_page=NextPage(**following) if following else None,
    )


def _candidate(said: Mapping[str, Any]) -> Candidate:
    return Candidate(
        **{
            **said,
            "columns": tuple(SuggestedField(**column) for column in said["columns"]),
            "samples": tuple(said["samples"]),
            "behind": tuple(said["behind"]),
            "key": tuple(said["key"]),
        }
    )
