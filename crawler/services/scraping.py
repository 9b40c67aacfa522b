"""Scrapers of one's own: their golden cases, read and compared, and new ones from a live page."""

from __future__ import annotations

import difflib
import json
import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from crawler import runner
from crawler.services import previews, runs, targets
from scrapers import folder, reader, registry
from scrapers.links import Carried
from scrapers.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.engine.findings import Finding
    from crawler.http import Fetched

FIRST_CASE: Final = "first"
TEMPLATE: Final = '''"""Reads the pages of {host}."""


class {kind}:
    name = {name}
    title = {title}
    description = {description}

    def matches(self, url):
        return url.startswith({begins})

    def parse(self, page):
        heading = page.soup.select_one("h1") or page.soup.select_one("title")
        if heading is not None:
            yield {{"title": heading.get_text(" ", strip=True)}}
'''


_STRANGE: Final = re.compile(r"[^\w.:\[\]-]")
"""What no address of a host has that people wrote; sites choose those that they redirect to."""


class CannotMake(Exception):
    """No scraper can be made; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One golden case: a page, and what is to be read from it."""

    scraper: str
    path: Path

    @property
    def name(self) -> str:
        return f"{self.scraper}/{self.path.name}"

    def read(self) -> dict[str, Any]:
        """Return what the scraper reads now, in the form of `expected.json`."""
        said = json.loads((self.path / "input.json").read_text(encoding="utf-8"))
        body = (self.path / "page.html").read_bytes()
        page = Page(url=said["url"], body=body, headers=said.get("headers") or {})
        reading = self._reading(page, said)
        items = [item for completed in (reading.items, *reading.completed) for item in completed]
        told: dict[str, Any] = {
            "items": [item.data for item in items],
            "links": [link.url + (" nofollow" if link.nofollow else "") for link in reading.links],
            "problems": [f"{problem.code}: {problem.message}" for problem in reading.problems],
        }
        if reading.follows:
            told["follows"] = [
                {"url": one.url, "callback": one.callback.partition(".")[2], "data": one.data}
                for one in reading.follows
            ]
        return told

    def _reading(self, page: Page, said: dict[str, Any]) -> reader.Reading:
        """Read a page from its beginning; with a `callback`, for the record `data` that is carried there."""
        scraper = registry.compile(name=self.scraper)
        resuming = registry.resuming(scraper)
        if "callback" not in said or resuming is None:
            return reader.read(page, scraper)
        callback, data = f"{self.scraper}.{said['callback']}", said.get("data") or {}
        return reader.resume(
            page, resuming, [Carried(url=page.url, callback=callback, data=data)], again=True
        )

    def accept(self) -> None:
        """Let what is read now be what is expected."""
        (self.path / "expected.json").write_text(_text(self.read()), encoding="utf-8")

    def differences(self) -> list[str]:
        """Return what is read otherwise than expected, as lines of a diff."""
        expected = self.path / "expected.json"
        before = _text(json.loads(expected.read_text(encoding="utf-8"))) if expected.exists() else ""
        lines = difflib.unified_diff(
            before.splitlines(), _text(self.read()).splitlines(), "expected", "read", lineterm=""
        )
        return list(lines)


def cases(path: Path, *, scraper: str | None = None) -> Iterator[Case]:
    """Yield the cases of the folder at `path`, those of one scraper where it is named."""
    yield from _within(path / folder.CASES, scraper=scraper)


def shipped_cases(*, scraper: str | None = None) -> Iterator[Case]:
    """Yield the cases that come with Trawl for the scrapers of `scrapers/sites/`, or for one of them."""
    for name in (site.name for site in registry.SITES):
        if scraper in {None, name}:
            yield from _within(folder.SHIPPED_CASES, scraper=name)


def _within(path: Path, *, scraper: str | None) -> Iterator[Case]:
    for said in sorted(path.glob(f"{scraper or '*'}/*/input.json")):
        yield Case(scraper=said.parent.parent.name, path=said.parent)


def make(path: Path, *, name: str, url: str) -> Path | Finding:
    """Write a scraper and its first case from the page at `url`; return its file, or why there is no page.

    Raises CannotMake and InvalidTarget.
    """
    file, case = path / f"{name}.py", path / folder.CASES / name / FIRST_CASE
    if not folder.is_name(name):
        raise CannotMake(f"{name!r} is no name: use small letters, digits and _, such as my_shop")
    if name in {choice.name for choice in registry.names()} or file.exists() or case.exists():
        raise CannotMake(f"there is a scraper named {name} already")
    finding, page = _fetched(url)
    if page is None:
        return finding
    case.mkdir(parents=True)
    headers = {key.lower(): value for key, value in page.headers if key.lower() == "content-type"}
    (case / "input.json").write_text(_text({"url": page.url, "headers": headers}), encoding="utf-8")
    (case / "page.html").write_bytes(page.body)
    file.write_text(source(name, page.url), encoding="utf-8")
    folder.install(str(path))
    Case(scraper=name, path=case).accept()
    return file


def source(name: str, url: str) -> str:
    """Return the Python source of a scraper of that name, which is one, for the host of a whole URL.

    Whatever stands in the URL stays text in it.
    """
    host = url.split("/")[2]
    kind = "".join(word.capitalize() for word in name.split("_"))
    plain = _STRANGE.sub("?", host)
    return TEMPLATE.format(
        host=plain,
        kind=f"{kind}Pages" if keyword.iskeyword(kind) else kind,
        name=_quoted(name),
        title=_quoted(name.replace("_", " ").capitalize()),
        description=_quoted(f"What {plain} has."),
        begins=f"({_quoted(f'http://{host}/')}, {_quoted(f'https://{host}/')})",
    )


def _quoted(text: str) -> str:
    """Return a text as Python writes it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _fetched(url: str) -> tuple[Finding, Fetched | None]:
    """Fetch `url` in this process as a worker's test fetch would."""
    data = {"name": "scraper", "start_urls": [url], **previews.READS_NOTHING}
    draft = targets.validate(data, now=timezone.now())
    return runner.fetch({name: draft.values[name] for name in runs.FROZEN})


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
