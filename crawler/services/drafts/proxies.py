"""Reads the proxies of a target; their passwords are only ever written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crawler.policy import proxies
from crawler.policy.proxies import BadProxy
from crawler.services.drafts.values import Wrong, array, text, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_PROXIES: Final = 50


def _proxy(value: object) -> str:
    try:
        return proxies.written(proxies.parse(text(most=1_000, least=1)(value)))
    except BadProxy as error:
        raise wrong(str(error)) from None


read = array(_proxy, most=MOST_PROXIES)


def unhide(found: Sequence[str], stored: Iterable[str]) -> list[str]:
    """Put the stored passwords where the placeholder for them was sent back."""
    known = [proxies.parse(line) for line in stored]
    kept: list[str] = []
    for index, line in enumerate(found):
        try:
            kept.append(proxies.written(proxies.restored(proxies.parse(line), known)))
        except BadProxy as error:
            raise Wrong((str(index), str(error))) from None
    return kept


def shown(stored: Iterable[str] | None) -> list[str]:
    """Return proxies as people may see them."""
    return [proxies.shown(proxies.parse(line)) for line in stored or ()]


def overhearing(values: Mapping[str, Any], before: Mapping[str, Any], *, sent_to: Iterable[str]) -> list[str]:
    """Return the new proxies that would read what goes to these origins: none where all is over TLS."""
    if all(origin.startswith("https:") for origin in sent_to):
        return []
    known = {proxies.parse(line).url for line in before["proxies"] or ()}
    return sorted({proxies.parse(line).url for line in values["proxies"] or ()} - known)
