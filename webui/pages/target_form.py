"""The target form: what its controls show, and what they ask for in the words of a target's keys."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from crawler.models import MisfirePolicy, OverlapPolicy, Scope, Target
from crawler.services import drafts
from scrapers import registry

SPARE_ROWS = 2
MOST_ROWS = 60
KINDS = ("css", "xpath", "re", "jmespath")
TYPES = ("", "text", "integer", "number", "price", "date", "url", "boolean")
IN_A_ROW = frozenset({*KINDS, "attr", "type", "many", "required"})
TIME_UNITS = (("60", "minutes"), ("3600", "hours"), ("86400", "days"), ("1", "seconds"))
PRIORITIES = (
    (9, "9 · urgent, before everything"),
    (8, "8 · urgent"),
    (7, "7 · high"),
    (6, "6"),
    (5, "5 · normal"),
    (4, "4"),
    (3, "3 · low"),
    (2, "2 · bulk"),
    (1, "1 · bulk"),
    (0, "0 · bulk, when nothing else waits"),
)
PART_OF_CONTROL = {
    "schedule.every_seconds": "every",
    "schedule.cron": "cron",
    "schedule.timezone": "timezone",
}
SHARED = ("options", "headers", "start_urls", "include", "exclude", "key", "tags", "fields", "schedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One declared field as a row of controls."""

    name: str = ""
    kind: str = "css"
    selector: str = ""
    attr: str = ""
    type: str = ""
    many: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetForm:
    """The form as it is shown: the text of each control, the rows of fields, problems by control."""

    values: Mapping[str, str]
    rows: tuple[FieldRow, ...]
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    scopes = tuple(Scope.choices)
    kinds = KINDS
    types = TYPES
    units = TIME_UNITS
    priorities = tuple((str(number), label) for number, label in PRIORITIES)
    misfires = tuple(MisfirePolicy.choices)
    overlaps = tuple(OverlapPolicy.choices)

    whens = (("never", "only when asked"), ("every", "at an interval"), ("cron", "by a cron expression"))
    field_ways = (("rows", "a table"), ("json", "JSON, for nested fields and defaults"))

    @property
    def scrapers(self) -> tuple[tuple[str, str], ...]:
        return tuple((choice.name, choice.title) for choice in registry.names())

    @property
    def scraper_hints(self) -> tuple[registry.Choice, ...]:
        return registry.names()

    @property
    def has_patterns(self) -> bool:
        """Say whether the part about patterns is shown open."""
        return self._says("include", "exclude")

    @property
    def has_advanced(self) -> bool:
        """Say whether the part about headers and options is shown open."""
        return self._says("headers", "user_agent", "options")

    @property
    def spelled_out(self) -> tuple[str, ...]:
        """Return every problem with the name of its control, for where the controls are not at hand."""
        return tuple(
            f"{name.replace('_', ' ').capitalize()}: {message}"
            for name, messages in self.problems.items()
            for message in messages
        )

    def _says(self, *names: str) -> bool:
        return any(self.values[name] or name in self.problems for name in names)

    @property
    def shown_rows(self) -> tuple[FieldRow, ...]:
        """Return the rows, and spare ones to fill in."""
        return (*self.rows, *(FieldRow() for _ in range(SPARE_ROWS)))

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Return the problems that no control of the form can show beside itself."""
        known = {*self.values, "fields"}
        return tuple(
            f"{name}: {message}" if name else message
            for name, messages in self.problems.items()
            if name not in known
            for message in messages
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a submitted form asks for: data for `services.targets`, and what could not even be read."""

    data: Mapping[str, Any]
    problems: tuple[drafts.Problem, ...]


def blank() -> TargetForm:
    """Return the form of a new target."""
    values = dict.fromkeys(_TEXTS, "")
    values |= {
        "scope": Scope.HOST.value,
        "priority": "5",
        "max_pages": str(drafts.DEFAULTS["max_pages"]),
        "obey_robots": "on",
        "enabled": "on",
        "scraper": "auto",
        "fields_as": "rows",
        "options": "",
        "when": "never",
        "every": "1",
        "every_unit": "86400",
        "timezone": "UTC",
        "misfire": MisfirePolicy.RUN_ONCE.value,
        "overlap": OverlapPolicy.SKIP.value,
    }
    return TargetForm(values=values, rows=())


def of_target(target: Target) -> TargetForm:
    """Return the form of a target that exists; secret header values are shown as a placeholder."""
    shown = dict(blank().values)
    for name in ("name", "scope", "user_agent", "scraper", "row"):
        shown[name] = getattr(target, name)
    for name in ("max_depth", "max_pages", "max_minutes", "delay_seconds", "connections", "priority"):
        value = getattr(target, name)
        shown[name] = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    for name in ("start_urls", "include", "exclude"):
        shown[name] = "\n".join(getattr(target, name))
    shown["key"], shown["tags"] = ", ".join(target.key), ", ".join(target.tags)
    shown["headers"] = "\n".join(
        f"{name}: {drafts.HIDDEN if drafts.is_secret(name) else value}"
        for name, value in target.headers.items()
    )
    shown["options"] = _json(target.options) if target.options else ""
    shown["obey_robots"] = "on" if target.obey_robots else ""
    shown["enabled"] = "on" if target.enabled else ""
    shown |= _schedule_texts(target)
    rows = _rows(target.fields)
    shown["fields_as"] = "json" if rows is None else "rows"
    shown["fields_json"] = _json(target.fields) if target.fields else ""
    return TargetForm(values=shown, rows=rows or ())


def submitted(post: QueryDict, problems: tuple[drafts.Problem, ...] = ()) -> TargetForm:
    """Return the form as a person filled it in, with what is wrong beside each control."""
    beside: dict[str, tuple[str, ...]] = {}
    for problem in problems:
        name, message = _control(problem)
        beside[name] = (*beside.get(name, ()), message)
    return TargetForm(
        values={name: post.get(name, "") for name in blank().values}, rows=_posted_rows(post), problems=beside
    )


def read(post: QueryDict) -> Asked:
    """Return what the controls ask for, in the keys of a target."""
    problems: list[drafts.Problem] = []
    data: dict[str, Any] = {
        name: post.get(name, "").strip() for name in ("name", "scope", "user_agent", "scraper", "row")
    }
    for name in ("start_urls", "include", "exclude"):
        data[name] = [line.strip() for line in post.get(name, "").splitlines() if line.strip()]
    for name in ("key", "tags"):
        data[name] = [word.strip() for word in post.get(name, "").split(",") if word.strip()]
    for name in ("max_depth", "max_pages", "max_minutes", "connections", "priority", "delay_seconds"):
        data[name] = _number(post.get(name, "").strip())
    for name in ("obey_robots", "enabled"):
        data[name] = post.get(name) == "on"
    data["headers"] = _headers(post.get("headers", ""), problems)
    data["options"] = _object("options", post.get("options", ""), problems)
    data["fields"], data["row"] = _declared(post, data, problems)
    data["schedule"] = _schedule(post)
    return Asked(data=data, problems=tuple(problems))


_TEXTS = (
    "name", "start_urls", "scope", "include", "exclude", "max_depth", "max_pages", "max_minutes", "priority",
    "delay_seconds", "connections", "obey_robots", "headers", "user_agent", "scraper", "options", "row",
    "fields_as", "fields_json", "key", "tags", "enabled", "when", "every", "every_unit", "cron", "timezone",
    "misfire", "overlap",
)  # fmt: skip


def _control(problem: drafts.Problem) -> tuple[str, str]:
    """Return which control shows `problem`, and its words there."""
    if problem.field in PART_OF_CONTROL:
        return PART_OF_CONTROL[problem.field], problem.message
    head, _, rest = problem.field.partition(".")
    if head == "schedule":
        return "when", f"{rest}: {problem.message}" if rest else problem.message
    if head in SHARED and rest:
        place = f"line {int(rest) + 1}" if rest.isdecimal() and head != "fields" else rest
        return head, f"{place}: {problem.message}"
    return head, problem.message


def _number(word: str) -> object:
    """Return a number, None for nothing, and the text itself for anything else: its reader refuses it."""
    if not word:
        return None
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        return word


def _seconds(many: str, unit: str) -> object:
    """Return an interval in whole seconds, and the text itself for what is none."""
    found = _number(many.strip())
    if unit not in dict(TIME_UNITS) or not isinstance(found, int | float) or not math.isfinite(found):
        return many.strip() or None
    return round(found * int(unit))


def _headers(text: str, problems: list[drafts.Problem]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            problems.append(drafts.Problem(field="headers", message=f"{line.strip()[:60]!r} needs a colon"))
        found[name.strip()] = value.strip()
    return found


def _object(name: str, text: str, problems: list[drafts.Problem]) -> object:
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except ValueError as error:
        problems.append(drafts.Problem(field=name, message=f"is not JSON: {error}"))
        return {}


def _declared(post: QueryDict, data: Mapping[str, Any], problems: list[drafts.Problem]) -> tuple[object, str]:
    """Return the fields and their row selector; nothing unless the scraper is the declared one."""
    if data["scraper"] != "fields":
        return {}, ""
    if post.get("fields_as") == "json":
        return _object("fields_json", post.get("fields_json", ""), problems), data["row"]
    rows = _posted_rows(post)
    names = [row.name for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems.extend(drafts.Problem(field="fields", message=f"{name}: is there twice") for name in twice)
    return {row.name: _said(row) for row in rows}, data["row"]


def _posted_rows(post: QueryDict) -> tuple[FieldRow, ...]:
    columns = {name: post.getlist(f"field_{name}") for name in ("name", "kind", "selector", "attr", "type")}
    ticked = {name: set(post.getlist(f"field_{name}")) for name in ("many", "required")}
    rows = []
    for index in range(min(MOST_ROWS, len(columns["name"]))):
        said = {name: (texts[index].strip() if index < len(texts) else "") for name, texts in columns.items()}
        if said["name"] or said["selector"]:
            flags = {name: str(index) in chosen for name, chosen in ticked.items()}
            rows.append(FieldRow(**said, many=flags["many"], required=flags["required"]))
    return tuple(rows)


def _said(row: FieldRow) -> dict[str, Any]:
    said: dict[str, Any] = {row.kind: row.selector}
    said |= {name: text for name, text in (("attr", row.attr), ("type", row.type)) if text}
    return said | {name: True for name, on in (("many", row.many), ("required", row.required)) if on}


def _rows(fields: Mapping[str, Any]) -> tuple[FieldRow, ...] | None:
    """Return declared fields as rows; None when a row cannot say all of them."""
    rows = []
    for name, said in fields.items():
        if isinstance(said, str):
            kind, colon, text = said.partition(":")
            said = {kind: text} if colon and kind in KINDS else {"css": said}  # noqa: PLW2901 the short form
        kinds = [kind for kind in KINDS if kind in said]
        if set(said) - IN_A_ROW or len(kinds) != 1:
            return None
        rest = {key: value for key, value in said.items() if key not in KINDS}
        rows.append(FieldRow(name=name, kind=kinds[0], selector=said[kinds[0]], **rest))
    return tuple(rows)


def _schedule(post: QueryDict) -> dict[str, Any] | None:
    match post.get("when"):
        case "every":
            times: dict[str, Any] = {
                "every_seconds": _seconds(post.get("every", ""), post.get("every_unit", ""))
            }
        case "cron":
            times = {"cron": post.get("cron", "").strip()}
        case _:
            return None
    return times | {name: post.get(name, "").strip() for name in ("timezone", "misfire", "overlap")}


def _schedule_texts(target: Target) -> dict[str, str]:
    schedule = getattr(target, "schedule", None)
    if schedule is None:
        return {}
    texts = {"timezone": schedule.timezone, "misfire": schedule.misfire, "overlap": schedule.overlap}
    if schedule.cron:
        return texts | {"when": "cron", "cron": schedule.cron}
    seconds = schedule.every_seconds
    unit = next(unit for unit in (86_400, 3_600, 60, 1) if seconds % unit == 0)
    return texts | {"when": "every", "every": str(seconds // unit), "every_unit": str(unit)}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
