"""Records in the body of a JSON page: lists of similar objects, told by the keys that their objects share."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scrapers.page import NotJson
from scrapers.suggesting import classes, drafting, meanings, naming, reading, rows
from scrapers.suggesting.drafting import DraftField
from scrapers.suggesting.next_page import NextPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapers.page import JSON, Page
    from scrapers.suggesting.values import Candidate

MOST_PLACES: Final = 500
MOST_KEYS: Final = 60
MOST_LEVELS: Final = 8
MOST_SAMPLED: Final = 1_000
"""Of the values in one place."""
MOST_FIELDS: Final = 24
_NEARLY_ALL: Final = 0.85
_LEAST_OBJECTS: Final = 0.9
_LEAST_SHARE: Final = 0.05
_MOST_CHARACTERS: Final = 100
_MOST_OF_PATH: Final = 800
_MANY_ROWS: Final = 20
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NEXT: Final = (
    "next", "next_url", "nextUrl", "next_page", "nextPage", "next_page_url", "nextPageUrl", "nextLink",
    "next_link", "@odata.nextLink",
)  # fmt: skip
_AROUND_NEXT: Final = (
    (), ("links",), ("_links",), ("paging",), ("pagination",), ("meta",), ("info",), ("page",),
    ("meta", "links"), ("meta", "pagination"), ("pagination", "links"), ("meta", "pagination", "links"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Objects:
    """The objects in one place, wherever the lists are that hold them; `path` is JMESPath from the body."""

    path: str
    found: list[dict[str, JSON]]

    @property
    def weight(self) -> int:
        """Return how many values they have, one level of others with them."""
        return sum(
            1 + len(value) if isinstance(value, dict) else 1 for one in self.found for value in one.values()
        )


def candidates(page: Page, *, options: Mapping[str, Any]) -> Iterator[Candidate]:
    """Yield what repeats in a JSON body, the best first, each as the page is read by it."""
    try:
        body = page.json
    except NotJson:
        return
    sets = list(_sets(body))
    whole = max((one.weight for one in sets), default=0)
    drafts = []
    for one in sets:
        fields = _fields(one, page)
        score = _score(one, fields, share=one.weight / whole if whole else 0)
        if _are_similar(fields) and score >= drafting.LEAST_SCORE:
            drafts.append((score, one.path, fields))
    for score, path, fields in sorted(drafts, key=lambda draft: (-draft[0], draft[1])):
        candidate = reading.tried(page, row=f"jmespath:{path}", drafted=fields, score=score, options=options)
        if candidate is not None:
            yield candidate


def next_page(page: Page) -> NextPage | None:
    """Return the link to the next page, where the body says one in a usual place; else None."""
    try:
        body = page.json
    except NotJson:
        return None
    for around in _AROUND_NEXT:
        for key in _NEXT:
            for path in ((*around, key), (*around, key, "href")):
                said = _at(body, path)
                if not isinstance(said, str) or not re.match(r"https?://|[/?]", said):
                    continue
                url = page.absolute(said)
                if url is not None and url != page.url:
                    selector = "jmespath:" + ".".join(map(_quoted, path))
                    return NextPage(url=url, selector=selector, because="body")
    return None


def _at(body: JSON, path: Sequence[str]) -> JSON:
    for key in path:
        body = body.get(key) if isinstance(body, dict) else None
    return body


def _sets(body: JSON) -> Iterator[_Objects]:
    """Yield every place with several objects, the outer ones first."""
    waiting: list[tuple[str, list[JSON], int]] = [("", [body], 0)]
    seen = 0
    while waiting and seen < MOST_PLACES:
        path, found, level = waiting.pop(0)
        seen += 1
        listed = [member for value in found if isinstance(value, list) for member in value][:MOST_SAMPLED]
        if listed:
            inside = f"{path}[]"
            objects = [member for member in listed if isinstance(member, dict)]
            if len(objects) >= max(rows.LEAST_ROWS, _LEAST_OBJECTS * len(listed)):
                yield _Objects(path=inside, found=objects)
            if level < MOST_LEVELS:
                waiting.append((inside, listed, level + 1))
        held = [value for value in found if isinstance(value, dict)]
        if held and level < MOST_LEVELS:
            waiting += [(place, values, level + 1) for place, values in _inside(path, held)]


def _inside(path: str, held: Sequence[Mapping[str, JSON]]) -> Iterator[tuple[str, list[JSON]]]:
    """Yield each place one level below `path` that a selector can name, with its values."""
    for key, values in _columns(held).items():
        place = _joined(path, key)
        if _can_select(key) and len(place) <= _MOST_OF_PATH:
            yield place, values


def _columns(objects: Sequence[Mapping[str, JSON]]) -> dict[str, list[JSON]]:
    """Return the values of each key, in the order in which the keys are first seen; null is none."""
    found: dict[str, list[JSON]] = {}
    for one in objects:
        for key, value in one.items():
            if value is not None and (key in found or len(found) < MOST_KEYS):
                found.setdefault(key, []).append(value)
    return found


def _fields(objects: _Objects, page: Page) -> tuple[DraftField, ...]:
    """Return a field for each key with plain values or lists of them, also in objects one level down."""
    taken: set[str] = set()
    found: list[DraftField] = []
    for path, values in _plain_columns(objects):
        share = len(values) / len(objects.found)
        if share < _LEAST_SHARE or not all(map(_can_select, path)):
            continue
        name = _name(path)
        members = [member for value in values for member in (value if isinstance(value, list) else [value])]
        if not name or not members:
            continue
        many = any(isinstance(value, list) for value in values)
        meaning = meanings.of_json(members, words=_words(path), page=page)
        selector = {"jmespath": ".".join(map(_quoted, path))}
        said = meanings.declared(selector, aspect="", meaning=meaning) | ({"many": True} if many else {})
        said = {key: value for key, value in said.items() if key != "attr"}
        unique = naming.unique(name, taken)
        found.append(DraftField(name=unique, meaning=meaning, declared=said, share=share))
    return tuple(found[:MOST_FIELDS])


def _plain_columns(objects: _Objects) -> Iterator[tuple[tuple[str, ...], list[JSON]]]:
    for key, values in _columns(objects.found).items():
        held = [value for value in values if isinstance(value, dict)]
        if len(held) == len(values):
            for inner, inside in _columns(held).items():
                if all(map(_is_plain, inside)):
                    yield (key, inner), inside
        elif all(map(_is_plain, values)):
            yield (key,), values


def _is_plain(value: JSON) -> bool:
    """Whether a field can read `value`: it is no object, and no list of others."""
    members = value if isinstance(value, list) else [value]
    return not any(isinstance(member, dict | list) for member in members)


def _can_select(key: str) -> bool:
    return 0 < len(key) <= _MOST_CHARACTERS and key.isprintable()


def _are_similar(fields: Sequence[DraftField]) -> bool:
    return sum(field.share >= _NEARLY_ALL for field in fields) >= drafting.LEAST_WHOLE


def _score(objects: _Objects, fields: Sequence[DraftField], *, share: float) -> float:
    """Return what objects are worth, as rows of markup are: many, rich and whole, most of what there is."""
    if not fields:
        return 0.0
    number = min(1.0, math.log2(len(objects.found) + 1) / math.log2(_MANY_ROWS + 1))
    there = sum(field.weight * field.share for field in fields)
    wholeness = there / sum(field.weight for field in fields)
    return 0.25 * number + 0.35 * (1 - math.exp(-there / 2.2)) + 0.15 * wholeness + 0.25 * math.sqrt(share)


def _words(path: Sequence[str]) -> frozenset[str]:
    return frozenset(word for key in path for word in classes.words(key))


def _name(path: Sequence[str]) -> str:
    """Return the keys as a name that a field may have."""
    return "_".join(key.replace(".", "_").strip() for key in path).lstrip("_")[: _MOST_CHARACTERS - 10]


def _joined(path: str, key: str) -> str:
    return f"{path}.{_quoted(key)}" if path else _quoted(key)


def _quoted(key: str) -> str:
    return key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False)
