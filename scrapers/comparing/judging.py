"""Whether what changed of a page counts, or is only what its target ignores."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from scrapers.comparing.lines import text_of
from scrapers.comparing.noise import NOTHING_IGNORED, Noise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scrapers.page import Page

NOT_TEXT: Final = "markup"
"""The kind of noise where the text is the same with all that is in it: only what stands around it changed."""


def only_noise(before: Page, after: Page, noise: Noise) -> tuple[str, ...] | None:
    """Return of which kinds of noise alone the change of a page consists; None where it counts.

    It counts where what `comparing` shows as changed does, and wherever that cannot be said: on pages
    without text that counts, or with more than is read. The kinds are those of `Noise`, or `NOT_TEXT`;
    where several hide the same, all of them.
    """
    pages = (before, after)
    if not all(page.is_text for page in pages):
        return None
    texts = [text_of(page, without=noise.css) for page in pages]
    old, new = ([key for key in map(noise.key, text.lines) if key] for text in texts)
    if old != new or not old or not all(text.is_whole for text in texts):
        return None
    whole = [text_of(page).lines for page in pages] if noise.css else [text.lines for text in texts]
    if whole[0] == whole[1]:
        return (NOT_TEXT,)
    return tuple(_kinds(noise, [text.lines for text in texts], whole))


def _kinds(noise: Noise, texts: Sequence[list[str]], whole: Sequence[list[str]]) -> list[str]:
    """Return the kinds without which the texts would differ; `whole` are those with all of the page."""
    masks = {"dates": noise.dates, "counters": noise.counters, "patterns": bool(noise.patterns)}
    given = [kind for kind, is_on in masks.items() if is_on]
    found = [
        kind for kind in given if _differ(texts, replace(noise, **{kind: getattr(NOTHING_IGNORED, kind)}))
    ]
    if noise.css and _differ(whole, noise):
        found.append("css")
    return found or given


def _differ(texts: Sequence[Iterable[str]], noise: Noise) -> bool:
    """Say whether the lines that only one of the texts has are others under this noise."""
    old, new = map(Counter, texts)
    keys = [Counter(map(noise.key, side.elements())) for side in (old - new, new - old)]
    for side in keys:
        side.pop("", None)
    return keys[0] != keys[1]
