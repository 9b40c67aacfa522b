"""The controls of what does not count as a change of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

FLAGS = {"noise_dates": "dates", "noise_counters": "counters", "noise_links": "links"}
LINES = {"noise_css": "css", "noise_patterns": "patterns"}
CONTROLS = (*FLAGS, *LINES)


def read(post: QueryDict) -> dict[str, Any]:
    """Return the rules that the controls say."""
    rules: dict[str, Any] = {rule: True for name, rule in FLAGS.items() if post.get(name) == "on"}
    for name, rule in LINES.items():
        lines = [line.strip() for line in post.get(name, "").splitlines() if line.strip()]
        if lines:
            rules[rule] = lines
    return rules


def shown(noise: Mapping[str, Any]) -> dict[str, str]:
    """Return the controls' values for stored rules."""
    flags = {name: "on" if noise.get(rule) else "" for name, rule in FLAGS.items()}
    return flags | {name: "\n".join(noise.get(rule, ())) for name, rule in LINES.items()}


def beside(path: str, message: str) -> tuple[str, str]:
    """Return the control that shows a problem of the rule at `path`, and its words there."""
    rule, _, place = path.partition(".")
    control = next((name for name, known in (FLAGS | LINES).items() if known == rule), "noise_patterns")
    return control, f"line {int(place) + 1}: {message}" if place.isdecimal() else message
