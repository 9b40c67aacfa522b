"""Declared records read from a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jmespath.exceptions import JMESPathError

from scrapers.fields import scopes
from scrapers.fields.making import Form
from scrapers.fields.markdown import markdown_of
from scrapers.fields.selectors import Embedded, JmesPath
from scrapers.fields.transforms import gathers, transformed
from scrapers.fields.types import BadValue, Kind, convert
from scrapers.links import Follow
from scrapers.page import JSON, NotJson, Page, Problem, Scraped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapers.fields.schema import Field, Schema
    from scrapers.fields.scopes import Scope
    from scrapers.fields.selectors import Selector
    from scrapers.fields.transforms import Step
    from scrapers.links import Link


OVER_JSON = (JmesPath, Embedded)


class _Missing:
    """The page does not have it."""


_MISSING = _Missing()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredRecords:
    """The `fields` scraper: one record for each row of a page, or one for the page.

    A record that lacks a required field is never given out; a problem names field and row.
    """

    schema: Schema
    name: str = "fields"

    @property
    def carries(self) -> bool:
        """Whether records are completed on further pages."""
        return bool(self.schema.links)

    def parse(self, page: Page) -> Iterator[Scraped | Problem | Link | Follow]:
        """Yield the records of `page`, what was wrong with it, and the link to the next page of a list.

        A record that further pages complete is yielded with the first of them, to go on there.
        """
        root = scopes.of_page(page, needs_lxml=self.schema.needs_lxml)
        if root is None:
            return
        row = self.schema.row
        try:
            rows = [(None, root)] if row is None else list(enumerate(spread(page, root, row), start=1))
        except (JMESPathError, NotJson) as error:
            yield Problem(code="bad_type", message=f"row: {str(error).partition(chr(10))[0]}")
            return
        gave, first = False, self.schema.behind(None)
        for number, scope in rows:
            record = _Record(page=page, row=number)
            data = record.object(first, scope, path="")
            if data is not None:
                gave = True
                yield from self._going_on(data, (), record) if self.schema.links else (Scraped(data=data),)
            yield from record.problems
        yield from self._next_page(page, root, gave=gave)

    def resume(
        self, page: Page, callback: str, data: dict[str, JSON]
    ) -> Iterator[Scraped | Problem | Follow]:
        """Yield the record `data` with what `page` has of it, or have it go on to the next of its pages.

        `callback` names the links that were followed for it, the last one to here.
        """
        done = tuple(callback.split("."))
        record = _Record(page=page, row=None)
        found, complete = self._behind(done[-1], record)
        if complete:
            yield from self._going_on({**data, **found}, done, record)
        yield from record.problems

    def _behind(self, link: str, record: _Record) -> tuple[dict[str, JSON], bool]:
        """Return the fields that are read from a page where `link` led to, and whether none is lacking."""
        fields = self.schema.behind(link)
        root = scopes.of_page(record.page, needs_lxml=self.schema.needs_lxml)
        if root is not None:
            found, complete, _anything = record.read(fields, root, path="")
            return found, complete
        for one in fields:
            record.lacks(one)
        return {}, not any(one.required for one in fields)

    def _going_on(
        self, data: dict[str, JSON], done: tuple[str, ...], record: _Record
    ) -> Iterator[Scraped | Follow]:
        """Yield `data` with the next of its pages; where there is none, as the record that it is."""
        left = [link for link in self.schema.links if link not in done]
        link = next((link for link in left if isinstance(data.get(link), str)), None)
        unread = [one for link in left for one in self.schema.behind(link)]
        if link is not None:
            url = str(data[link]).partition("#")[0]
            partial = not any(one.required for one in unread)
            yield Follow(url=url, callback=".".join((*done, link)), data=data, partial=partial)
            return
        for one in unread:
            record.lacks(one)
        if not any(one.required for one in unread):
            whole = data | {one.name: one.default for one in unread if one.has_default}
            yield Scraped(data={one.name: whole[one.name] for one in self.schema.fields if one.name in whole})

    def _next_page(self, page: Page, root: Scope, *, gave: bool) -> Iterator[Problem | Link]:
        if self.schema.paging is None:
            return
        try:
            yield from self.schema.paging.links(page, root, gave=gave)
        except (JMESPathError, NotJson) as error:
            yield Problem(code="bad_type", message=f"options.next: {str(error).partition(chr(10))[0]}")


@dataclass(slots=True, kw_only=True)
class _Record:
    """One record while it is read: its problems, in the order they were met."""

    page: Page
    row: int | None
    problems: list[Problem] = field(default_factory=list)

    def object(self, fields: tuple[Field, ...], scope: Scope, *, path: str) -> dict[str, JSON] | None:
        """Return the fields found; None where a required one is missing, or all are defaults."""
        found, complete, anything = self.read(fields, scope, path=path)
        return found if complete and anything else None

    def read(
        self, fields: tuple[Field, ...], scope: Scope, *, path: str
    ) -> tuple[dict[str, JSON], bool, bool]:
        """Return the fields found, whether no required one is missing, and whether any is no default."""
        found: dict[str, JSON] = {}
        complete = True
        anything = False
        for one in fields:
            value = self.value(one, scope, path=f"{path}{one.name}")
            if not isinstance(value, _Missing):
                found[one.name] = value
                anything = True
            elif one.has_default:
                found[one.name] = one.default
            elif one.required:
                complete = False
        return found, complete, anything

    def value(self, one: Field, scope: Scope, *, path: str) -> JSON | _Missing:
        known = len(self.problems)
        values = self.values(one, scope, path=path)
        if one.many:
            everything = list(values)
            if everything:
                return everything
        else:
            first = next(values, _MISSING)
            if not isinstance(first, _Missing):
                return first
        if one.required and len(self.problems) == known:
            self.report("missing_required", f"required field {path} is missing", path)
        return _MISSING

    def values(self, one: Field, scope: Scope, *, path: str) -> Iterator[JSON]:
        found = self.matches(one, scope, path=path)
        if one.fields:
            nested = (self.object(one.fields, match, path=f"{path}.") for match in found)
            yield from (value for value in nested if value is not None)
            return
        if one.steps or one.form is not None or one.rules is not None:
            yield from self.made_of(one, found, path=path)
            return
        for match in found:
            raw = match.read(one.attr, one.kind)
            if raw is None or (isinstance(raw, str) and not raw.strip() and not _is_flag(one)):
                continue
            try:
                yield self.converted(one, raw)
            except BadValue as error:
                self.report(error.code, f"field {path}: {error}", path)

    def made_of(self, one: Field, found: list[Scope], *, path: str) -> Iterator[JSON]:
        """Yield the values of a field that says more of them than their type."""
        raws = _read(one, found)
        if gathers(one.steps):
            raws = (together for together in (list(raws),) if together)
        for raw in raws:
            try:
                yield from self.made(one, raw)
            except BadValue as error:
                self.report(error.code, f"field {path}: {error}", path)

    def made(self, one: Field, raw: JSON) -> list[JSON]:
        """Return what a match becomes, several values where it was split; raises BadValue."""
        value = markdown_of(raw, page=self.page) if one.form is Form.MARKDOWN else raw
        if not one.steps:
            return [self.judged(one, value)]
        value = transformed(value, one.steps, page=self.page)
        members = value if isinstance(value, list) else [value]
        values = [self.judged(one, member) for member in members if member is not None and member != ""]
        return [values] if isinstance(value, list) and values and not one.many else values

    def judged(self, one: Field, raw: JSON) -> JSON:
        """Return `raw` as of its type; raises BadValue where it is not, or breaks a rule."""
        value = self.converted(one, raw)
        if one.rules is not None:
            one.rules.judge(value)
        return value

    def matches(self, one: Field, scope: Scope, *, path: str) -> list[Scope]:
        if one.selector is None:
            return [scope]
        try:
            found = scope.select(one.selector)
        except (JMESPathError, NotJson) as error:
            self.report("bad_type", f"field {path}: {str(error).partition(chr(10))[0]}", path)
            return []
        if isinstance(one.selector, OVER_JSON) and (one.many or one.kind or one.fields or one.steps):
            return unlisted(self.page, found)
        return found

    def converted(self, one: Field, raw: JSON) -> JSON:
        if _is_flag(one):
            # A boolean attribute of HTML is true by being there: <input checked>.
            return True if raw in {"", one.attr} else convert(Kind.BOOLEAN, raw, page=self.page)
        if one.kind is not None:
            return convert(one.kind, raw, page=self.page)
        return raw.strip() if isinstance(raw, str) and not one.steps else raw

    def lacks(self, one: Field) -> None:
        """Report a field whose page there is none of, where it is required."""
        if one.required:
            self.report("missing_required", f"required field {one.name} is missing", one.name)

    def report(self, code: str, message: str, path: str) -> None:
        where = f"row {self.row}: " if self.row is not None else ""
        self.problems.append(Problem(code=code, message=where + message, field=path))


def _read(one: Field, found: list[Scope]) -> Iterator[JSON]:
    """Yield what is taken of each match, without what is blank."""
    is_text = one.form is None or one.form is Form.TEXT
    kind = one.kind or _meant(one.steps)
    is_flag = _is_flag(one)
    for match in found:
        raw = match.read(one.attr, kind) if is_text else match.html()
        if raw is not None and (is_flag or not isinstance(raw, str) or raw.strip()):
            yield raw


def _meant(steps: tuple[Step, ...]) -> Kind | None:
    """Return as what an element is read, where its text is to become a date or a URL."""
    if not steps:
        return None
    return next((Kind(step.name) for step in steps if step.name in {Kind.DATE, Kind.URL}), None)


def _is_flag(one: Field) -> bool:
    return one.kind is Kind.BOOLEAN and one.attr is not None


def spread(page: Page, scope: Scope, selector: Selector) -> list[Scope]:
    """Return what the records of a page are read from; raises JMESPathError and NotJson."""
    found = scope.select(selector)
    return unlisted(page, found) if isinstance(selector, OVER_JSON) else found


def unlisted(page: Page, found: list[Scope]) -> list[Scope]:
    """Return the members of a list that JMESPath gave, each a scope of its own."""
    members: list[Scope] = []
    for scope in found:
        value = scope.read(None, None)
        members += [scopes.Value(page, member) for member in value] if isinstance(value, list) else [scope]
    return members
