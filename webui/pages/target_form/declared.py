"""The two ways to write fields, a table and JSON: from one to the other, and what is wrong in a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from scrapers.fields import KINDS
from webui.pages.target_form import rows
from webui.pages.target_form.rows import FieldRow, NotInTheTable

if TYPE_CHECKING:
    from crawler.services import drafts
    from webui.pages.target_form.shown import TargetForm

_CONTROL_OF: Final = {**dict.fromkeys(KINDS, "selector"), "as": "type"}


def shown(fields: Mapping[str, Any]) -> tuple[dict[str, str], tuple[FieldRow, ...]]:
    """Return the texts of the controls about fields, and their rows where the table can show them."""
    try:
        found, why = rows.of_fields(fields), ""
    except NotInTheTable as error:
        found, why = (), str(error)
    texts = {"fields_as": "json" if why else "rows", "fields_json": as_json(fields), "not_in_table": why}
    return texts, found


def turned(form: TargetForm, *, to: str) -> TargetForm:
    """Return `form` with its fields as JSON, or as a table; as it is, saying why, where they cannot be."""
    if to not in {"json", "rows"} or to == form.values["fields_as"]:
        return form
    if to == "json":
        return _as_json(form)
    text = form.values["fields_json"]
    try:
        fields = orjson.loads(text) if text.strip() else {}
    except orjson.JSONDecodeError as error:
        return _refused(form, f"the text is not JSON: {error}")
    if not isinstance(fields, Mapping):
        return _refused(form, "the text is not an object of name: field")
    try:
        texts, found = shown(fields)
    except RecursionError:
        return _refused(form, "the text is nested too deep")
    if texts["not_in_table"]:
        return _refused(form, texts["not_in_table"])
    return replace(form, values={**form.values, **texts}, rows=found)


def _as_json(form: TargetForm) -> TargetForm:
    said = {row.name: row.said() for row in form.rows}
    if len(said) < len(form.rows):
        return _refused(form, "two fields have the same name, or none: JSON has room for one of each")
    texts = {"fields_as": "json", "fields_json": as_json(said), "not_in_table": ""}
    return replace(form, values={**form.values, **texts}, rows=())


def _refused(form: TargetForm, why: str) -> TargetForm:
    return replace(form, values={**form.values, "not_in_table": why})


def as_json(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, indent=2) if fields else ""


def placed(
    found: tuple[FieldRow, ...], problems: tuple[drafts.Problem, ...]
) -> tuple[tuple[FieldRow, ...], tuple[str, ...]]:
    """Return the rows with what is wrong in each, and the problems of fields that belong to no row."""
    wrong: dict[str, dict[str, tuple[str, ...]]] = {row.name: {} for row in found}
    elsewhere = []
    for problem in problems:
        head, _, rest = problem.field.partition(".")
        name, _, place = rest.partition(".")
        if head != "fields":
            continue
        if problem.field == head or name not in wrong:
            elsewhere.append(f"at {rest}: {problem.message}" if rest else problem.message)
            continue
        control = _CONTROL_OF.get(place, place)
        wrong[name][control] = (*wrong[name].get(control, ()), problem.message)
    return tuple(replace(row, problems=wrong[row.name]) for row in found), tuple(elsewhere)
