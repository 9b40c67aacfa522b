"""Declared fields as rows of controls, and rows as declared fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict

from scrapers.fields import KINDS, Kind, short_form
from webui.pages.target_form import steps, values
from webui.pages.target_form.steps import SPARE_STEPS, StepRow

SPARE_ROWS = 2
MOST_ROWS = 60
MOST_STEPS = 200
"""Where a table stops being a help: a target with more fields, or more transforms, is shown as JSON."""

MARKUP = ("html", "markdown")
"""What a row says where it has its type: the element's markup is taken `as` that."""

BOUNDS: Final = ("min", "max", "min_length", "max_length")
TRIMMED: Final = ("name", "kind", "selector", "attr", "type", "follow", *BOUNDS)
FLAGS: Final = ("many", "required", "empty")
_MOST_SHOWN: Final = 80
_MOST_REASONS: Final = 5


class NotInTheTable(ValueError):
    """Fields that rows cannot say; the message names each such part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One declared field as a row of controls, each with its text; `problems` by the control they are about.

    `empty` is the default of nothing: null, or a list without members. `unfolded` shows what is folded away.
    """

    name: str = ""
    kind: str = "css"
    selector: str = ""
    attr: str = ""
    type: str = ""
    follow: str = ""
    many: bool = False
    required: bool = False
    empty: bool = False
    default: str = ""
    min: str = ""
    max: str = ""
    min_length: str = ""
    max_length: str = ""
    pattern: str = ""
    one_of: str = ""
    steps: tuple[StepRow, ...] = ()
    unfolded: bool = False
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def said(self) -> dict[str, Any]:
        """Return what the row declares, in the words of `fields`."""
        said: dict[str, Any] = {self.kind: self.selector}
        kind = "as" if self.type in MARKUP else "type"
        words = (("attr", self.attr), (kind, self.type), ("follow", self.follow), ("pattern", self.pattern))
        said |= {name: text for name, text in words if text}
        said |= {name: values.number(text) for name in BOUNDS if (text := getattr(self, name))}
        if self.one_of:
            said["one_of"] = values.read_lines(self.one_of, self.type)
        if self.steps:
            said["transform"] = [step.said() for step in self.steps]
        if self.default:
            reads = values.read_lines if self.many else values.read
            said["default"] = reads(self.default, self.type)
        elif self.empty:
            said["default"] = [] if self.many else None
        return said | {name: True for name, on in (("many", self.many), ("required", self.required)) if on}

    @property
    def shown_steps(self) -> tuple[tuple[StepRow, bool], ...]:
        """Return the transforms, each with whether it is wrong, and spare ones to choose."""
        shown = (*self.steps, *(StepRow() for _ in range(SPARE_STEPS)))
        return tuple((step, f"transform.{place}" in self.problems) for place, step in enumerate(shown))

    @property
    def folded(self) -> str:
        """Name what is declared in the part of the row that is folded away."""
        said = self.said()
        chosen = [step.choice.partition(":")[0] for step in self.steps]
        return ", ".join(
            (*chosen, *(name for name in ("default", *BOUNDS, "pattern", "one_of") if name in said))
        )

    @property
    def is_unfolded(self) -> bool:
        """Whether the part that is folded away is to be seen: something is wrong there, or was changed."""
        seen = {"", "name", "kind", "selector", "attr", "type", "follow", "many", "required"}
        return self.unfolded or bool(set(self.problems) - seen)

    @property
    def told(self) -> tuple[str, ...]:
        """Return what is wrong with the row, each with the name of its part."""
        return tuple(
            f"{_part(control)}: {message}" if control else message
            for control, messages in self.problems.items()
            for message in messages
        )


def of_fields(fields: Mapping[str, Any]) -> tuple[FieldRow, ...]:
    """Return declared fields as rows, which say the same. Raises NotInTheTable."""
    if len(fields) > MOST_ROWS:
        raise NotInTheTable(f"there are {len(fields)} fields, and {MOST_ROWS} at most are a help as rows")
    found: list[FieldRow] = []
    why: list[str] = []
    for name, said in fields.items():
        try:
            found.append(_row(name, said))
        except NotInTheTable as error:
            why.append(str(error))
    if sum(len(row.steps) for row in found) > MOST_STEPS:
        why.append(f"there are more than {MOST_STEPS} transforms")
    if why:
        more = f"; and {len(why) - _MOST_REASONS} more" if len(why) > _MOST_REASONS else ""
        raise NotInTheTable("; ".join(why[:_MOST_REASONS]) + more)
    return tuple(found)


def _row(name: str, declared: Any) -> FieldRow:
    """Return the row that comes nearest to a field. Raises NotInTheTable where it does not say the same."""
    said = dict([short_form(declared)]) if isinstance(declared, str) else declared
    if not isinstance(said, Mapping):
        raise NotInTheTable(f"{name}: must be an object, or text such as css:h1")
    if "fields" in said:
        raise NotInTheTable(f"{name} is an object with fields of its own")
    row = _nearest(name, said)
    if row.name != name:
        raise NotInTheTable(f"the name {_shown(name)} begins or ends with a space, or has a line break")
    wanted, ours = without_empty(said), row.said()
    for key in wanted | ours:
        if key not in wanted or key not in ours or _json(wanted[key]) != _json(ours[key]):
            raise NotInTheTable(f"{name}: {key}, which is {_shown(said.get(key))}{_why(key, said)}")
    return row


def _why(key: str, said: Mapping[str, Any]) -> str:
    """Return why a row cannot say a default, where more can be said of it than what it is."""
    value = said.get(key)
    if key != "default":
        return ""
    if isinstance(value, Mapping):
        return ", an object"
    if isinstance(value, list) is not (said.get("many") is True):
        return ", a list of one value" if isinstance(value, list) else ", and a field of many has a list"
    if value == "":
        return ", and an empty control is no default"
    if isinstance(value, bool | int | float):
        return f", and {_kind_of(value)} goes with another type than {said.get('type', 'none')}"
    return ""


def _kind_of(value: object) -> str:
    return "yes or no" if isinstance(value, bool) else "a number"


def without_empty(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field without what says no more than its absence: a flag that is off, no transforms."""
    return {
        key: value
        for key, value in said.items()
        if not (key in {"many", "required"} and value is False) and not (key == "transform" and value == [])
    }


def _nearest(name: str, said: Mapping[str, Any]) -> FieldRow:
    kind = next((kind for kind in KINDS if kind in said), "css")
    kept = values.shown(said.get("as") if said.get("as") in MARKUP else said.get("type"))
    default = said.get("default")
    many = said.get("many") is True
    choices = said.get("one_of")
    texts: dict[str, Any] = {
        key: values.line(values.shown(said.get(key))).strip() for key in ("attr", "follow", *BOUNDS)
    }
    return FieldRow(
        name=values.line(name).strip(),
        kind=kind,
        selector=values.line(values.shown(said.get(kind))).strip(),
        type=kept if kept in (*Kind, *MARKUP) else "",
        many=many,
        required=said.get("required") is True,
        empty="default" in said and default == ([] if many else None),
        default=values.block(values.shown_lines(default) if many else values.shown(default)),
        pattern=values.line(values.shown(said.get("pattern"))),
        one_of=values.block(values.shown_lines(choices)),
        steps=steps.of_declared(said.get("transform", [])),
        **texts,
    )


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"


def _part(control: str) -> str:
    """Return the name of a control as people know it; transforms are counted from 1."""
    name, _, place = control.partition(".")
    return f"{name} {int(place) + 1}" if place.isdecimal() else control.replace("_", " ")


def posted(post: QueryDict) -> tuple[FieldRow, ...]:
    """Return the rows that a person filled in; those without a name and a selector are dropped."""
    names = (*TRIMMED, "default", "pattern", "one_of")
    columns = {name: post.getlist(f"field_{name}") for name in names}
    ticked = {name: set(post.getlist(f"field_{name}")) for name in FLAGS}
    chosen = steps.posted(post)
    unfolded = set(post.getlist("field_unfolded"))
    rows = []
    for index in range(len(columns["name"])):
        said: dict[str, Any] = {
            name: (texts[index] if index < len(texts) else "") for name, texts in columns.items()
        }
        said |= {name: values.line(said[name]).strip() for name in TRIMMED}
        said |= {name: values.block(said[name]) for name in ("default", "one_of")}
        if said["name"] or said["selector"]:
            said |= {name: str(index) in numbers for name, numbers in ticked.items()}
            seen = str(index) in unfolded
            rows.append(FieldRow(**said, steps=chosen.get(str(index), ()), unfolded=seen))
    return tuple(rows)
