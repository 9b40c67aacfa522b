"""The controls of the bounds against crawler traps: empty as for every target, 0 for none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from crawler.services.drafts.traps import BOUNDS
from webui.pages.target_form import units

CONTROLS = tuple(f"trap_{name}" for name in BOUNDS)


def read(post: QueryDict) -> dict[str, object] | None:
    """Return the bounds that were filled in; None when there are none."""
    typed = {name: post.get(f"trap_{name}", "").strip() for name in BOUNDS}
    numbers = {name: units.number(text) for name, text in typed.items() if text}
    return {name: None if number == 0 else number for name, number in numbers.items()} or None


def shown(traps: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the texts of the controls for what a target has stored."""
    return {f"trap_{name}": "0" if bound is None else str(bound) for name, bound in (traps or {}).items()}
