"""Whether what changed of a page counts, or is only what its target ignores."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from scrapers.comparing.lines import text_of
from scrapers.comparing.noise import NOTHING_IGNORED, Noise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scrapers.comparing.lines import Text
    from scrapers.page import Page

NOT_TEXT: Final = "markup"
"""The kind of noise where text, links and pictures are the same: only what stands around them changed."""


def only_noise(before: Page, after: Page, noise: Noise) -> tuple[str, ...] | None:
    """Return of which kinds of noise alone the change of a page consists; None where it counts.

    It counts where what `compare_pages` shows as changed does, and wherever that cannot be said: on pages
    without text that counts, or with more than is read. The kinds are those of `Noise`, or `NOT_TEXT`;
    where several hide the same, all of them.
    """
    pages = (before, after)
    if not all(page.is_text for page in pages):
        return None
    texts = [text_of(page, without=noise.css) for page in pages]
    old, new = (noise.keys(text.lines) for text in texts)
    if old != new or not old or not all(text.is_whole for text in texts):
        return None
    if not noise.links and refer_elsewhere(texts, noise):
        return None
    whole = [text_of(page) for page in pages] if noise.css else texts
    if whole[0].lines == whole[1].lines and whole[0].references == whole[1].references:
        return (NOT_TEXT,)
    return tuple(_kinds(noise, texts, whole))


def refer_elsewhere(texts: Sequence[Text], noise: Noise) -> bool:
    """Say whether the links and pictures of two texts are others, apart from what is noise."""
    old, new = (noise.keys(text.references) for text in texts)
    return old != new


def _kinds(noise: Noise, texts: Sequence[Text], whole: Sequence[Text]) -> list[str]:
    """Return the kinds without which the texts would differ; `whole` are those with all of the page."""
    masks = {"dates": noise.dates, "counters": noise.counters, "patterns": bool(noise.patterns)}
    given = [kind for kind, is_on in masks.items() if is_on]
    said = [_said(text, noise) for text in texts]
    found = [
        kind for kind in given if _differ(said, replace(noise, **{kind: getattr(NOTHING_IGNORED, kind)}))
    ]
    if noise.links and refer_elsewhere(texts, noise):
        found.append("links")
    if noise.css and _differ([_said(text, noise) for text in whole], noise):
        found.append("css")
    return found or [*given, *(["links"] if noise.links else []), *(["css"] if noise.css else [])]


def _said(text: Text, noise: Noise) -> list[str]:
    """Return the lines of a text, with its links and pictures unless these are noise."""
    return text.lines if noise.links else [*text.lines, *text.references]


def _differ(texts: Sequence[Iterable[str]], noise: Noise) -> bool:
    """Say whether the lines that only one of the texts has are others under this noise."""
    old, new = map(Counter, texts)
    keys = [Counter(map(noise.key, side.elements())) for side in (old - new, new - old)]
    for side in keys:
        side.pop("", None)
    return keys[0] != keys[1]
