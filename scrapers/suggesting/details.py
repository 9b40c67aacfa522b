"""Fields that only the page behind a record has: a candidate is completed by one or two of these pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from scrapers import fields as declarations
from scrapers.links import Follow
from scrapers.page import Problem, Scraped
from scrapers.suggesting import called, described, naming, outline, reading
from scrapers.suggesting.values import SuggestedField

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapers.page import JSON, Page
    from scrapers.suggesting.drafting import DraftField
    from scrapers.suggesting.values import Candidate

MOST_PAGES: Final = 2
MOST_FIELDS: Final = 16
MOST_TRIED: Final = 60
_LEAST_SHARE: Final = 0.5
_LEAST_SAID: Final = 4
_MOST_AROUND: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The page that is behind the link of a record, wherever it was redirected to."""

    link: str
    page: Page


def complete(listed: Page, candidate: Candidate, behind: Sequence[Behind]) -> Candidate:
    """Return a candidate of the page `listed` with the fields that the pages behind its records add.

    As it was, where these say nothing that the list does not. Whatever is added was read from the pages.
    """
    behind = [one for one in behind if one.page.is_html][:MOST_PAGES]
    if not candidate.link or not behind:
        return candidate
    pages = [one.page for one in behind]
    known = [_known(candidate, one.link) for one in behind]
    chosen = _chosen(pages, _drafts(listed, pages), known=known, taken=set(candidate.fields))
    found = _with(candidate, chosen, behind)
    if _reads_as_before(listed, found, candidate):
        return found
    plain = [one for one in chosen if "xpath" not in one.draft.declared]
    return _with(candidate, plain, behind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """A field under the name that it gets, and what each of the pages has of it; None where it has none."""

    name: str
    draft: DraftField
    values: tuple[JSON, ...]


def _known(candidate: Candidate, link: str) -> Mapping[str, JSON]:
    """Return what the list says of the record that leads to `link`, of those that are shown."""
    return next((record for record in candidate.samples if record.get(candidate.link) == link), {})


def _drafts(listed: Page, pages: Sequence[Page]) -> list[DraftField]:
    """Return what may be read from the pages, the surest first."""
    outlines = [outline.of_page(page) for page in pages]
    pairs = chain.from_iterable(
        described.pairs(page, found) for page, found in zip(pages, outlines, strict=True)
    )
    drafts: list[DraftField] = []
    for draft in chain(described.linked(pages), pairs, called.of_pages(listed, pages, outlines)):
        if draft.declared not in [other.declared for other in drafts]:
            drafts.append(draft)
    return drafts[:MOST_TRIED]


def _chosen(
    pages: Sequence[Page],
    drafts: Sequence[DraftField],
    *,
    known: Sequence[Mapping[str, JSON]],
    taken: set[str],
) -> list[_Chosen]:
    """Return the fields that give values which neither the list nor a field before them has."""
    read = [_read(page, drafts) for page in pages]
    seen = [{_same(value) for value in record.values()} for record in known]
    chosen: list[_Chosen] = []
    for number, draft in enumerate(drafts):
        values = tuple(found.get(f"c{number}") for found in read)
        share = sum(value is not None for value in values) / len(values)
        new = [
            value is not None and not _is_said(_same(value), others)
            for value, others in zip(values, seen, strict=True)
        ]
        if share < _LEAST_SHARE or sum(new) < share * len(values):
            continue
        for value, others in zip(values, seen, strict=True):
            others.update([_same(value)] if value is not None else [])
        one = replace(draft, share=share)
        chosen.append(_Chosen(name=naming.unique(draft.name, taken), draft=one, values=values))
        if len(chosen) == MOST_FIELDS:
            break
    return chosen


def _read(page: Page, drafts: Sequence[DraftField]) -> Mapping[str, JSON]:
    """Return what a page gives of each draft, by its number; nothing of one that does not fit there."""
    found: dict[str, JSON] = {}
    for needs_lxml in (False, True):
        fields = {
            f"c{number}": draft.declared
            for number, draft in enumerate(drafts)
            if ("xpath" in draft.declared) is needs_lxml
        }
        if not fields:
            continue
        misfits: set[str | None] = set()
        for one in declarations.DeclaredRecords(schema=declarations.parse(fields=fields)).parse(page):
            if isinstance(one, Scraped):
                found |= one.data
            elif isinstance(one, Problem):
                misfits.add(one.field)
        found = {name: value for name, value in found.items() if name not in misfits}
    return found


def _is_said(value: str, others: set[str]) -> bool:
    """Whether one of `others` says as much: `Article 17-204` beside `17-204`."""
    return value in others or any(
        len(other) >= _LEAST_SAID and value.endswith(other) and len(value) - len(other) <= _MOST_AROUND
        for other in others
    )


def _same(value: JSON) -> str:
    """Return what two values have in common that say the same."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split()).lower()


def _with(candidate: Candidate, chosen: Sequence[_Chosen], behind: Sequence[Behind]) -> Candidate:
    if not chosen:
        return replace(candidate, behind=tuple(one.page.url for one in behind))
    added = {one.name: {**one.draft.declared, "follow": candidate.link} for one in chosen}
    columns_ = [
        SuggestedField(
            name=one.name,
            meaning=one.draft.meaning.value,
            share=round(one.draft.share, 3),
            follow=candidate.link,
        )
        for one in chosen
    ]
    samples = [dict(record) for record in candidate.samples]
    for place, one in enumerate(behind):
        values = {field.name: field.values[place] for field in chosen if field.values[place] is not None}
        for record in samples:
            if record.get(candidate.link) == one.link:
                record.update(reading.sample(values))
    return replace(
        candidate,
        fields={**candidate.fields, **added},
        columns=(*candidate.columns, *columns_),
        samples=tuple(samples),
        behind=tuple(one.page.url for one in behind),
    )


def _reads_as_before(listed: Page, found: Candidate, before: Candidate) -> bool:
    """Whether the list still gives its records: XPath reads another tree than CSS, and all fields one."""
    try:
        schema = declarations.parse(fields=found.fields, row=found.row)
    except declarations.InvalidFields:
        return False
    if not schema.needs_lxml or not listed.is_html:
        return True
    given = declarations.DeclaredRecords(schema=schema).parse(listed)
    records = [one.data for one in given if isinstance(one, Scraped | Follow)]
    shown = [dict(record) for record in before.samples]
    return len(records) == before.rows and [reading.sample(one) for one in records[: len(shown)]] == shown
