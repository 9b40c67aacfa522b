"""How lists go on, as two controls; in a target they are options of the scraper `fields`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import QueryDict

__all__ = ["CONTROLS", "CONTROL_OF", "read", "shown"]

CONTROL_OF: Final[Mapping[str, str]] = {"options.next": "next_page", "options.pages": "page_numbers"}
"""The control of each setting."""
CONTROLS: Final = tuple(CONTROL_OF.values())


def read(post: QueryDict, options: object) -> object:
    """Return the options with what the controls say added to them."""
    said = {
        path.removeprefix("options."): text
        for path, control in CONTROL_OF.items()
        if (text := post.get(control, "").strip())
    }
    return {**options, **said} if isinstance(options, Mapping) else options


def shown(options: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the text of each control, and the options that have no control."""
    rest = dict(options)
    texts = {
        control: str(rest.pop(path.removeprefix("options."), "")) for path, control in CONTROL_OF.items()
    }
    return texts, rest
