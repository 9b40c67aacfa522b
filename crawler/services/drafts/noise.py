"""Reads what a target does not count as a change of its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.services.drafts.values import Wrong, array, flag, kind_of, text, wrong
from scrapers.comparing.noise import LONGEST, MOST_RULES, BadNoise, check_css, compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.services.drafts.values import Reader


def read(value: object) -> dict[str, Any]:
    """Read `{"dates": true, "counters": true, "links": true, "css": [".ad"], "patterns": ["id=[0-9]+"]}`."""
    if not isinstance(value, dict):
        raise wrong(f"must be an object with any of {', '.join(RULES)}, not {kind_of(value)}")
    found: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for key, said in value.items():
        if key not in RULES:
            problems.append((str(key), f"is nothing to ignore; choose from {', '.join(RULES)}"))
            continue
        try:
            found |= {key: read_rule} if (read_rule := RULES[key](said)) else {}
        except Wrong as error:
            problems += [(f"{key}.{path}" if path else key, message) for path, message in error.problems]
    if problems:
        raise Wrong(*problems)
    return found


def _pattern(value: object) -> str:
    line = text(most=LONGEST, least=1)(value)
    try:
        compiled(line)
    except ValueError as error:
        raise wrong(str(error)) from None
    return line


def _selectors(value: object) -> list[str]:
    found: list[str] = array(text(most=LONGEST, least=1), most=MOST_RULES)(value)
    try:
        check_css(found)
    except BadNoise as error:
        raise Wrong(*((path.partition(".")[2], message) for path, message in error.problems)) from None
    return found


RULES: Final[Mapping[str, Reader[Any]]] = {
    "dates": flag,
    "counters": flag,
    "links": flag,
    "css": _selectors,
    "patterns": array(_pattern, most=MOST_RULES),
}
