"""The controls of how long a target keeps earlier versions of its pages: all empty as for every target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from crawler.services.drafts.keeping import BOUNDS
from webui.pages.target_form import units

CONTROLS = tuple(f"keep_{name}" for name in BOUNDS)


def read(post: QueryDict) -> dict[str, object] | None:
    """Return the bounds that were filled in; None when there are none."""
    typed = {name: post.get(f"keep_{name}", "").strip() for name in BOUNDS}
    return {name: units.number(text) for name, text in typed.items() if text} or None


def shown(keep: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the texts of the controls for what a target has stored."""
    return {f"keep_{name}": str(bound) for name, bound in (keep or {}).items()}


def control(path: str) -> str:
    """Return the control that shows a problem of the bound at `path`."""
    return f"keep_{path}" if path in BOUNDS else CONTROLS[0]
