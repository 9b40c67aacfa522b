"""Secret headers of somebody else's target go to nobody whom they did not go to before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.services.drafts.keys import is_secret
from crawler.services.drafts.logins import HIDDEN
from crawler.services.drafts.proxies import overhearing
from crawler.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def problems(said: object, values: Mapping[str, Any], before: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return by field what is wrong with new start URLs or proxies while secrets were not typed anew.

    `said` is what was given as headers. Who may work on a shared target could otherwise have its
    secrets sent to themselves.
    """
    origins = _origins(values["start_urls"])
    new = sorted(origins - _origins(before["start_urls"]))
    new += overhearing(values, before, sent_to=origins)
    if not new:
        return []
    typed = {name for name, value in said.items() if value != HIDDEN} if isinstance(said, dict) else set()
    return [
        (f"headers.{name}", f"type it again: it would now be sent to {new[0]} as well")
        for name in values["headers"]
        if is_secret(name) and name not in typed
    ]


def _origins(urls: Iterable[str]) -> set[str]:
    return {canonical(url).origin for url in urls}
