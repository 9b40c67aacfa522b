"""The controls of what a target demands of its data: numbers, and a line for each field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from crawler.services.drafts import Problem
from webui.pages.target_form import units

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import QueryDict

CONTROLS: Final = ("min_items", "max_errors", "field_rules", "drift_quiet", "drift_unheld")
NUMBER: Final = r"-?\d+(?:\.\d+)?"
PARTS: Final = {
    "coverage": re.compile(rf"({NUMBER})\s*%"),
    "min": re.compile(rf"from\s+({NUMBER})"),
    "max": re.compile(rf"to\s+({NUMBER})"),
}
DIGITS: Final = 12
HOW: Final = "write it as price: 95 %, from 0, to 10000 or sku: 100 %, unique"


def read(post: QueryDict, problems: list[Problem]) -> dict[str, Any]:
    """Return the rules that the controls say; add what cannot be read to `problems`."""
    rules: dict[str, Any] = {}
    if items := post.get("min_items", "").strip():
        rules["min_items"] = units.number(items)
    if errors := post.get("max_errors", "").strip().removesuffix("%").strip():
        rules["max_errors"] = _hundredths(errors)
    if post.get("drift_quiet") == "on":
        rules["drift"] = False
    if post.get("drift_unheld") == "on":
        rules["hold"] = False
    fields: dict[str, Any] = {}
    for line in filter(str.strip, post.get("field_rules", "").splitlines()):
        name, rule = _line(line)
        if rule is None or not name:
            problems.append(Problem(field="field_rules", message=f"{line.strip()[:60]!r}: {HOW}"))
        elif name in fields:
            problems.append(Problem(field="field_rules", message=f"{name}: is there twice"))
        else:
            fields[name] = rule
    return rules | ({"fields": fields} if fields else {})


def shown(quality: Mapping[str, Any]) -> dict[str, str]:
    """Return the controls' values for stored rules."""
    errors = quality.get("max_errors")
    return {
        "min_items": str(quality.get("min_items", "")),
        "max_errors": "" if errors is None else f"{100 * errors:.12g}",
        "drift_quiet": "" if quality.get("drift", True) else "on",
        "drift_unheld": "" if quality.get("hold", True) else "on",
        "field_rules": "\n".join(written(name, rule) for name, rule in quality.get("fields", {}).items()),
    }


def beside(path: str, message: str) -> tuple[str, str]:
    """Return the control that shows a problem of the rule at `path`, and its words there."""
    if path in {"min_items", "max_errors"}:
        return path, message
    return "field_rules", f"{path.removeprefix('fields.')}: {message}"


def _hundredths(text: str) -> float | str:
    return _part(text) if re.fullmatch(NUMBER, text) else text


def _part(percent: str) -> float:
    """Return a number of hundredths as a part, which is written as the same number again."""
    return round(float(percent) / 100, DIGITS)


def _line(line: str) -> tuple[str, dict[str, Any] | None]:
    """Read `price: 95 %, from 0, to 10000, unique`; None instead of rules for what cannot be read."""
    name, colon, rest = line.rpartition(":")
    rule: dict[str, Any] = {}
    for part in rest.split(",") if colon else ():
        word = part.strip().lower()
        if word == "unique":
            rule["unique"] = True
            continue
        found = next(((key, match) for key, how in PARTS.items() if (match := how.fullmatch(word))), None)
        if found is None or found[0] in rule:
            return name.strip(), None
        key, match = found
        rule[key] = _part(match[1]) if key == "coverage" else float(match[1])
    return name.strip(), rule or None


def written(name: str, rule: Mapping[str, Any]) -> str:
    """Return the rules of a field as a line of the form."""
    parts = []
    if "coverage" in rule:
        parts.append(f"{100 * rule['coverage']:.12g} %")
    parts += [f"{word} {rule[key]:.15g}" for key, word in (("min", "from"), ("max", "to")) if key in rule]
    if rule.get("unique"):
        parts.append("unique")
    return f"{name}: {', '.join(parts)}"
