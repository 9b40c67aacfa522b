"""The declaration of records as JSON Schema, draft 2020-12, made of what the parser itself knows.

What it cannot say the parser alone judges: whether a selector can be used, whether a time zone exists,
whether a least is above a most, which groups a replacement may name, what of a name cannot be printed,
which field can be followed, and how many fields there are on all levels together.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from scrapers.fields import paging
from scrapers.fields.making import Form
from scrapers.fields.rules import RULES
from scrapers.fields.schema import MAX_DEPTH, MAX_FIELDS, MAX_NAME_CHARACTERS
from scrapers.fields.selectors import KINDS, MAX_CHARACTERS, MAX_PATTERN_CHARACTERS, NO_CONTROL
from scrapers.fields.transforms import MAX_STEPS, STEPS
from scrapers.fields.types import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Part = dict[str, Any]

_NAME: Final = r"^(?!_)(?=[^.]*\S)[^.\x00-\x1f\x7f]+(?![\s\S])"
_SUFFIX: Final = r"::attr\(\s*[\w:.-]+\s*\)\s*$"
_JSON_TYPES: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "string",
    Kind.INTEGER: "integer",
    Kind.NUMBER: "number",
    Kind.PRICE: "number",
    Kind.DATE: "string",
    Kind.URL: "string",
    Kind.BOOLEAN: "boolean",
}
_FOLLOW: Final = {
    "follow": {
        "description": "The field of the same record, of type `url`, that links to the page this one is on.",
        "type": "string",
        "pattern": _NAME,
    }
}
_OF_ELEMENTS: Final = {"anyOf": [{"required": ["css"]}, {"required": ["xpath"]}]}
_OF_VALUES: Final = ("type", "attr", "as", "transform", *RULES)


def json_schema() -> dict[str, Any]:
    """Return the schema of an object with `fields`, and with `row`, `options` and `scraper` where given."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Declared records of Trawl",
        "description": "What a target with the scraper `fields` reads from its pages.",
        "type": "object",
        "properties": {
            "scraper": {"const": "fields"},
            "row": {
                "description": "One record for each match; empty for one record a page.",
                "anyOf": [
                    {"type": "null"},
                    {"const": ""},
                    _short_form(kind for kind in KINDS if kind != "re"),
                ],
            },
            "fields": {"$ref": "#/$defs/fields1"},
            "options": {
                "description": "How lists go on: `next` selects the link to the next page, `pages` says "
                "where its number is in the URL, such as `?page={n}`.",
                "type": ["object", "null"],
                "properties": {
                    "next": _short_form(kind for kind in KINDS if kind != "re"),
                    "pages": {"type": "string", "maxLength": paging.MAX_CHARACTERS, "pattern": paging.PLACE},
                },
                "additionalProperties": False,
                "not": {"type": "object", "required": ["next", "pages"]},
            },
        },
        "required": ["fields"],
        "additionalProperties": False,
        "$defs": {
            "step": _step(),
            "short": _short_form(KINDS),
            "declared": _declared(),
            **{f"fields{level}": _fields(level) for level in range(1, MAX_DEPTH + 1)},
        },
    }


def written() -> str:
    """Return the schema as the text that stands in docs/reference."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _selector(kind: str, *, prefix: str = "") -> Part:
    most = MAX_PATTERN_CHARACTERS if kind == "re" else MAX_CHARACTERS
    return {
        "type": "string",
        "maxLength": most + len(prefix),
        "allOf": [{"pattern": rf"^{prefix}\s*\S"}, {"pattern": NO_CONTROL}],
    }


def _short_form(kinds: Iterable[str]) -> Part:
    """Return what a text such as `css:h1` may be; without a kind it is CSS."""
    plain = _selector("css")
    plain["not"] = {"pattern": f"^(?:{'|'.join(KINDS)}):"}
    return {"anyOf": [plain, *(_selector(kind, prefix=f"{kind}:") for kind in kinds)]}


def _step() -> Part:
    alone = [name for name, known in STEPS.items() if known.optional]
    with_argument = [
        {
            "type": "object",
            "properties": {name: known.argument},
            "required": [name],
            "additionalProperties": False,
        }
        for name, known in STEPS.items()
        if known.argument is not None
    ]
    return {"anyOf": [{"enum": alone}, *with_argument]}


def _fields(level: int) -> Part:
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": MAX_FIELDS,
        "propertyNames": {"pattern": _NAME, "maxLength": MAX_NAME_CHARACTERS},
        "additionalProperties": {
            "anyOf": [
                {"$ref": "#/$defs/short"},
                {
                    "$ref": "#/$defs/declared",
                    "properties": {"fields": _nested(level), **(_FOLLOW if level == 1 else {})},
                    "unevaluatedProperties": False,
                },
            ]
        },
    }


def _nested(level: int) -> Part | bool:
    return {"$ref": f"#/$defs/fields{level + 1}"} if level < MAX_DEPTH else False


def _declared() -> Part:
    """Return what a field may say, whatever its level: of its `fields` only what goes with them."""
    return {
        "type": "object",
        "properties": {
            **{kind: _selector(kind) for kind in KINDS},
            "attr": {"type": "string", "pattern": r"\S"},
            "as": {"enum": list(Form)},
            "type": {"enum": list(Kind)},
            "many": {"type": "boolean"},
            "required": {"type": "boolean"},
            "default": {},
            "transform": {"type": "array", "items": {"$ref": "#/$defs/step"}, "maxItems": MAX_STEPS},
            **RULES,
        },
        "oneOf": [
            *({"required": [kind]} for kind in KINDS),
            {"required": ["fields"], "not": _any_of(KINDS)},
        ],
        "dependentSchemas": _together(),
        "allOf": [*_defaults(), {"not": _said(required=True, default=...)}],
    }


def _together() -> dict[str, Part]:
    """Return what goes with what, by the key that asks for it."""
    no_suffix = {"properties": {"css": {"not": {"pattern": _SUFFIX}}}}
    return {
        "attr": _OF_ELEMENTS | no_suffix,
        "as": _OF_ELEMENTS | no_suffix | {"not": _any_of(("type", "attr"))},
        "fields": {
            "not": _any_of(("re", *_OF_VALUES)),
            "anyOf": [{"not": _said(many=True)}, _any_of(KINDS)],
        },
    }


def _defaults() -> list[Part]:
    """Return that a default is of its field's type, a list of it where the field is one, or null."""
    plain = {"required": ["default"], "not": {"required": ["fields"]}}
    lists = _said(many=True)
    rules: list[Part] = [
        {"if": {"allOf": [plain, lists]}, "then": _default({"type": ["array", "null"]})},
    ]
    for kind, name in _JSON_TYPES.items():
        of_kind = _said(type=kind)
        one = {"allOf": [plain, of_kind, {"not": lists}]}
        many = {"allOf": [plain, of_kind, lists]}
        rules.append({"if": one, "then": _default({"type": [name, "null"]})})
        rules.append({"if": many, "then": _default({"items": {"type": name}})})
    return rules


def _default(wanted: Part) -> Part:
    return {"properties": {"default": wanted}}


def _said(**wanted: object) -> Part:
    """Return the schema of what has these keys with these values, `...` for any."""
    fixed = {key: {"const": value} for key, value in wanted.items() if value is not ...}
    return {"required": list(wanted), "properties": fixed}


def _any_of(keys: Iterable[str]) -> Part:
    return {"anyOf": [{"required": [key]} for key in keys]}


if __name__ == "__main__":
    sys.stdout.write(written())
