"""The scope that a run's frozen settings describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.frontier.scope import compile_scope
from crawler.frontier.traps import traps_of
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.frontier.scope import Scope


def scope_of(frozen: Mapping[str, Any]) -> Scope:
    """Return the scope of a run, or of a target whose settings have the same names.

    `landings`, where start URLs led to, belong to it as far as they are known.
    """
    scope = compile_scope(
        kind=frozen["scope"],
        starts=frozen["start_urls"],
        include=frozen["include"],
        exclude=frozen["exclude"],
        max_depth=frozen["max_depth"],
        traps=traps_of(frozen.get("traps")),
    )
    for url in frozen.get("landings", ()):
        scope = scope.joined(canonical(url))
    return scope
