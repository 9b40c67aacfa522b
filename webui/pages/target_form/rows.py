"""Declared fields as rows of controls, and rows as declared fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from scrapers.fields import KINDS, short_form

SPARE_ROWS = 2
MOST_ROWS = 60
"""Where a table stops being a help: a target with more fields is shown as JSON."""

MARKUP = ("html", "markdown")
"""What a row says where it has its type: the element's markup is taken `as` that."""

IN_A_ROW = frozenset({*KINDS, "attr", "as", "type", "follow", "many", "required"})
TEXTS = ("name", "kind", "selector", "attr", "type", "follow")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One declared field as a row of controls."""

    name: str = ""
    kind: str = "css"
    selector: str = ""
    attr: str = ""
    type: str = ""
    follow: str = ""
    many: bool = False
    required: bool = False

    def said(self) -> dict[str, Any]:
        """Return what the row declares, in the words of `fields`."""
        said: dict[str, Any] = {self.kind: self.selector}
        kind = "as" if self.type in MARKUP else "type"
        words = (("attr", self.attr), (kind, self.type), ("follow", self.follow))
        said |= {name: text for name, text in words if text}
        return said | {name: True for name, on in (("many", self.many), ("required", self.required)) if on}


def of_fields(fields: Mapping[str, Any]) -> tuple[FieldRow, ...] | None:
    """Return declared fields as rows; None when rows cannot say all of them."""
    rows = [_row(name, said) for name, said in fields.items()]
    found = tuple(row for row in rows if row is not None)
    return found if len(found) == len(rows) <= MOST_ROWS else None


def _row(name: str, declared: Any) -> FieldRow | None:
    said: Mapping[str, Any] = dict([short_form(declared)]) if isinstance(declared, str) else declared
    kinds = [kind for kind in KINDS if kind in said]
    if set(said) - IN_A_ROW or len(kinds) != 1:
        return None
    rest = {key: value for key, value in said.items() if key not in KINDS}
    if "as" in rest:
        if "type" in rest or rest["as"] not in MARKUP:
            return None
        rest["type"] = rest.pop("as")
    return FieldRow(name=name, kind=kinds[0], selector=said[kinds[0]], **rest)


def posted(post: QueryDict) -> tuple[FieldRow, ...]:
    """Return the rows that a person filled in; empty ones are dropped."""
    columns = {name: post.getlist(f"field_{name}") for name in TEXTS}
    ticked = {name: set(post.getlist(f"field_{name}")) for name in ("many", "required")}
    rows = []
    for index in range(len(columns["name"])):
        said = {name: (texts[index].strip() if index < len(texts) else "") for name, texts in columns.items()}
        if said["name"] or said["selector"]:
            flags = {name: str(index) in chosen for name, chosen in ticked.items()}
            rows.append(FieldRow(**said, many=flags["many"], required=flags["required"]))
    return tuple(rows)
