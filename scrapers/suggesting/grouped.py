"""What a group of records is called, such as the kind of a dish: it stands once, around all of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cssselect

from scrapers.suggesting import columns, naming
from scrapers.suggesting.drafting import Draft, DraftField
from scrapers.suggesting.meanings import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterable

GROUP: Final = "group"
_ANYBODYS: Final = frozenset({"name", "title", "text", "description"})
"""Names that say as much of the record."""
_NAMED: Final = re.compile(r"\.[\w-]+|h[1-6]|\[itemprop~?=\"\w+\"\]")


def with_group(draft: Draft, groups: Draft, *, own: Iterable[DraftField]) -> Draft:
    """Return `draft` with the first text of the `groups` that its rows are in, read by XPath.

    `own` are the fields of the groups beside what the rows say. As it was where one finds no such text.
    """
    said = next((one for one in own if _is_text(one)), None)
    tag, around = groups.rows.elements[0].tag, set(groups.rows.elements)
    for row in columns.sampled(draft.rows.elements):
        nearest = next((one for one in row.ancestors() if one.tag == tag), None)
        if nearest not in around:
            return draft
    path = _path(said, tag) if said is not None else ""
    if said is None or not path:
        return draft
    taken = {field.name for field in draft.fields}
    name = GROUP if said.name in _ANYBODYS | taken else said.name
    field = DraftField(
        name=naming.unique(name, taken),
        meaning=Meaning.TEXT,
        declared={"xpath": path, **{key: value for key, value in said.declared.items() if key != "css"}},
        share=1.0,
        strength=said.strength,
    )
    return replace(draft, fields=(*draft.fields, field))


def _is_text(field: DraftField) -> bool:
    """Whether the field is a text that is called by a name of its own: where one stands, records may, too."""
    found = str(field.declared.get("css", ""))
    return field.meaning is Meaning.TEXT and _NAMED.fullmatch(found) is not None


def _path(field: DraftField, tag: str) -> str:
    try:
        return cssselect.HTMLTranslator().css_to_xpath(
            str(field.declared["css"]), prefix=f"ancestor::{tag}[1]/descendant::"
        )
    except cssselect.SelectorError:
        return ""
