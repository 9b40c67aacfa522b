"""Which fields a run may have at all: one that a person took out of a declaration is not missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def may_have(path: str, fields: Mapping[str, Any]) -> bool:
    """Say whether records that `fields` declare may say something at `path`, such as `offers.price`.

    What stands inside of a value that is declared as a whole is not known beforehand.
    """
    inner: Any = fields
    for name in path.split("."):
        if name not in inner:
            return False
        said = inner[name]
        inner = said.get("fields") if isinstance(said, Mapping) else None
        if not inner:
            return True
    return True
