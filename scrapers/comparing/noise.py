"""What does not count when two versions are compared: dates, counters, patterns, links, parts of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import re2
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK: Final = "\ufffc"
"""Stands for what is ignored until all of it was found, so that its neighbours do not become new words."""
LONGEST: Final = 500
MOST_RULES: Final = 20
MOST_PATTERN_BYTES: Final = 512 * 1024
MOST_BYTES_OF_ALL: Final = 4 << 20
_MONTHS: Final = (
    "(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|"
    "aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)"
)
_UNITS: Final = "(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?)"
DATES: Final = (
    r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b",
    r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b",
    rf"(?i)\b\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTHS}\b\.?,?(?:\s+\d{{4}})?",
    rf"(?i)\b{_MONTHS}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?",
    r"(?i)\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b\.?)?(?:\s?(?:UTC|GMT|CET|CEST|Uhr)\b)?",
    rf"(?i)\b(?:\d+|an?|one|a few)\s+{_UNITS}\s+ago\b",
    r"(?i)\bvor\s+(?:\d+|einer|einem)\s+(?:Sekunden?|Minuten?|Stunden?|Tag(?:en)?|Wochen?|Monat(?:en)?|Jahr(?:en)?)\b",
    r"(?i)\b(?:just now|today|yesterday|gerade eben|heute|gestern)\b",
)
_COUNTED: Final = (
    "(?:views?|visits?|visitors?|comments?|likes?|shares?|replies|reply|followers?|downloads?|votes?|reads?|"
    "upvotes?|reactions?|impressions?|users? online|people (?:are )?(?:watching|viewing|looking)|"
    "Aufrufe|Besucher|Kommentare?|Bewertungen)"
)
_NUMBER: Final = r"\d[\d.,' ]*(?:[kKmM]\b)?"
COUNTERS: Final = (
    rf"(?i)\b{_NUMBER}\s*{_COUNTED}\b",
    rf"(?i)\b{_COUNTED}\s*[:(]?\s*{_NUMBER}\)?",
)


_GONE: Final = re.compile(rf"\s*{MASK}[\s{MASK}]*")


class BadNoise(ValueError):
    """Noise rules that cannot be used: `problems` are pairs of the path of a rule and what is wrong."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems))
        self.problems = problems


@dataclass(frozen=True)
class Noise:
    """What is ignored. Lines that differ only by it are the same, and those that are all noise are none.

    `links` are where links lead, and which pictures are shown.
    """

    dates: bool = False
    counters: bool = False
    links: bool = False
    css: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @classmethod
    def of(cls, rules: Mapping[str, Any]) -> Noise:
        """Return what stored rules mean."""
        return cls(
            dates=bool(rules.get("dates")),
            counters=bool(rules.get("counters")),
            links=bool(rules.get("links")),
            css=tuple(rules.get("css", ())),
            patterns=tuple(rules.get("patterns", ())),
        )

    @cached_property
    def _masks(self) -> tuple[re2._Regexp, ...]:
        chosen = [*self.patterns, *(DATES if self.dates else ()), *(COUNTERS if self.counters else ())]
        return tuple(compiled(pattern) for pattern in chosen)

    @cached_property
    def _any(self) -> re2._Regexp | None:
        """All masks in one, by which most lines are passed at once; None where they do not go together."""
        together = "|".join(f"(?:{mask.pattern})" for mask in self._masks)
        try:
            return compiled(together, most_bytes=MOST_BYTES_OF_ALL)
        except ValueError:
            return None

    def keys(self, lines: Iterable[str]) -> list[str]:
        """Return what counts of lines, without those of which nothing does."""
        return [key for key in map(self.key, lines) if key]

    def key(self, line: str) -> str:
        """Return what counts of a line, with noise or without; empty where nothing does."""
        if not self._masks or (self._any is not None and not self._any.search(line)):
            return line
        masked = line
        for mask in self._masks:
            masked = _without(mask, masked)
        if masked == line:
            return line
        if not any(character.isalnum() for character in masked):
            return ""
        indent = line[: len(line) - len(line.lstrip())]
        return indent + _GONE.sub(" ", masked).strip(" |")


def _without(mask: re2._Regexp, line: str) -> str:
    """Return `line` with `MASK` for each match; RE2's own `sub` would spell what is not ASCII anew."""
    parts, end = [], 0
    for match in mask.finditer(line):
        if match.end() > match.start():
            parts += [line[end : match.start()], MASK]
            end = match.end()
    return "".join([*parts, line[end:]])


NOTHING_IGNORED: Final = Noise()


def compiled(pattern: str, *, most_bytes: int = MOST_PATTERN_BYTES) -> re2._Regexp:
    """Return the compiled RE2 pattern; raises ValueError that says what is wrong."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = most_bytes
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise ValueError(
            f"is not a regular expression (RE2, without look-around and back-references): {reason}"
        ) from None


def check_css(selectors: Iterable[str]) -> None:
    """Refuse selectors that cannot be used; raises BadNoise."""
    probe = LexborHTMLParser("<p>x</p>")
    problems = []
    for index, selector in enumerate(selectors):
        try:
            probe.css(selector)
        except SelectolaxError:
            problems.append((f"css.{index}", "is not a CSS selector"))
    if problems:
        raise BadNoise(*problems)
