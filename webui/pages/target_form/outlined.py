"""Declared fields that only JSON holds, in words: one line each, those inside of others with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson

from scrapers.fields import KINDS, short_form
from webui.pages.target_form import values

MOST_LINES: Final = 200
_MOST_LEVELS: Final = 10
_MOST_CHARACTERS: Final = 120
_WORDS: Final = ("many", "required")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinedField:
    """One field: its `path` in the JSON, what finds it, what it becomes, and what else is said of it."""

    path: str
    kind: str
    selector: str
    type: str
    rest: str


def of_text(text: str) -> tuple[OutlinedField, ...]:
    """Return the fields in JSON that a person wrote; nothing where it is none."""
    try:
        fields = orjson.loads(text) if text.strip() else None
    except orjson.JSONDecodeError:
        return ()
    return tuple(islice(_inside(fields, path="", level=1), MOST_LINES))


def _inside(fields: Any, *, path: str, level: int) -> Iterator[OutlinedField]:
    if not isinstance(fields, Mapping) or level > _MOST_LEVELS:
        return
    for name, declared in fields.items():
        said = dict([short_form(declared)]) if isinstance(declared, str) else declared
        if not isinstance(said, Mapping):
            continue
        here = f"{path}{name}"
        kind = next((kind for kind in KINDS if kind in said), "")
        yield OutlinedField(
            path=here[:_MOST_CHARACTERS],
            kind=kind,
            selector=values.shown(said.get(kind))[:_MOST_CHARACTERS],
            type=values.shown(said.get("type", said.get("as")))[:_MOST_CHARACTERS],
            rest=", ".join(_rest(said)),
        )
        yield from _inside(said.get("fields"), path=f"{here}.fields.", level=level + 1)


def _rest(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what a field says beside how it is found."""
    yield from (word for word in _WORDS if said.get(word) is True)
    if isinstance(said.get("follow"), str):
        yield f"on the page of {said['follow'][:_MOST_CHARACTERS]}"
    if isinstance(said.get("transform"), list):
        yield f"{len(said['transform'])} transform{'' if len(said['transform']) == 1 else 's'}"
    if isinstance(said.get("fields"), Mapping):
        yield f"an object of {len(said['fields'])}"
    told = {*KINDS, *_WORDS, "type", "as", "follow", "transform", "fields"}
    yield from (str(key)[:_MOST_CHARACTERS] for key in said if key not in told)
