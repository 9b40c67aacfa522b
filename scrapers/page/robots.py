"""What a page itself forbids robots: `X-Robots-Tag` and `<meta name="robots">`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = "trawl"

# Rules that carry a value after a colon; any other single word before a colon names a robot.
_WITH_VALUE = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The negative rules that apply to us; rules only ever add up."""

    noindex: bool = False
    nofollow: bool = False


def rules(*, header: str, metas: tuple[tuple[str, str], ...]) -> Rules:
    """Return the sum of the rules in `X-Robots-Tag` and in the page's (name, content) metas."""
    words = set(_of_header(header)) if header else set()
    for name, content in metas:
        if name in {"robots", AGENT}:
            words.update(part.strip() for part in content.lower().split(","))
    nothing = "none" in words
    return Rules(noindex=nothing or "noindex" in words, nofollow=nothing or "nofollow" in words)


def _of_header(header: str) -> Iterator[str]:
    """Yield the rules of the header for us: a robot's name holds for the rest of its line.

    A header that came several times has as many lines.
    """
    for line in header.lower().splitlines():
        ours = True
        for part in line.split(","):
            before, colon, after = part.partition(":")
            named = bool(colon) and _is_robot(before.strip())
            if named:
                ours = before.strip() in {AGENT, "*"}
            if ours:
                yield (after if named else part).strip()


def _is_robot(word: str) -> bool:
    """Say whether a word before a colon names a robot; what is no single word belongs to a date."""
    return word not in _WITH_VALUE and " " not in word
