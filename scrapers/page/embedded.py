"""JSON that a page's scripts carry: whole scripts, and values in them after a text. No script is run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from scrapers.page import structured
from scrapers.page.structured import NotJson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scrapers.page.values import JSON

MOST_PLACES: Final = 20
"""At so many places where a lead stands a value is looked for: pages name their state again and again."""
_MOST_KEPT: Final = 32
_LEAD: Final = "\0"
"""Before what is kept of a lead, as no JSON text begins so."""
_JSON_TYPE: Final = "application/json"
_NAME_BEFORE: Final = r"(?<![\w$.])"
# An end that always matches keeps a text of nothing but escaped quotes from taking quadratic time.
_STRING: Final = r'"(?:[^"\\]|\\.)*+(?:"|\Z)'
_MARK = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_UNDEFINED = re.compile(rf"({_STRING})|\bundefined\b", re.DOTALL)
_PARSED = re.compile(r"""JSON\s*\.\s*parse\s*\(\s*(?:"((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)')""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


@dataclass(frozen=True, slots=True)
class Script:
    """A script of a page: its media type in lower case, empty where it names none, and its source."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """The JSON of some scripts. What was parsed is kept: many fields look into one state."""

    scripts: tuple[Script, ...]
    _kept: dict[str, JSON] = field(default_factory=dict)

    def numbered(self, number: int) -> JSON:
        """Return the value of the page's `number`th JSON script, from 1; None without it. Raises NotJson."""
        texts = [script.text for script in self.scripts if script.kind == _JSON_TYPE]
        return self.parsed(texts[number - 1]) if 0 < number <= len(texts) else None

    def after(self, lead: str) -> JSON:
        """Return the first value that stands after `lead` in a script; None without one."""
        found = (value for script in self.scripts for value in values_after(lead, script.text))
        return self._keep(f"{_LEAD}{lead}", lambda: next(found, None))

    def parsed(self, text: str) -> JSON:
        """Return the value of a JSON text; raises NotJson."""
        return self._keep(text, lambda: structured.parse_loose(text))

    def _keep(self, key: str, read: Callable[[], JSON]) -> JSON:
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = read()
        return self._kept[key]


def values_after(lead: str, source: str) -> Iterator[JSON]:
    """Yield the objects, lists and arguments of `JSON.parse` that stand after `lead`, such as `state =`.

    The last character of `lead` is a sign, before which there may be white space.
    """
    name, sign = lead[:-1].split(), re.escape(lead[-1:])
    before = _NAME_BEFORE if lead[:1].isidentifier() or lead[:1] == "$" else ""
    found = re.finditer(before + r"\s+".join(map(re.escape, name)) + rf"\s*{sign}\s*", source)
    for _, match in zip(range(MOST_PLACES), found, strict=False):
        try:
            yield value_at(source, match.end())
        except NotJson:
            continue


def value_at(source: str, start: int) -> JSON:
    """Return the object, the list or the argument of `JSON.parse` that begins at `start`; raises NotJson."""
    if source[start : start + 1] in {"{", "["}:
        text = source[start : _end_of_value(source, start)]
        if "undefined" in text:
            text = _UNDEFINED.sub(lambda found: found.group(1) or "null", text)
        return structured.parse_loose(text)
    given = _PARSED.match(source, start)
    if given is None:
        raise NotJson("no JSON stands here")
    return structured.parse_loose(_unescaped(given.group(1) or given.group(2) or ""))


def _end_of_value(source: str, start: int) -> int:
    """Return where the brackets that open at `start` are closed, or the end of the source."""
    depth = 0
    for mark in _MARK.finditer(source, start):
        if mark.group() in {"{", "["}:
            depth += 1
        elif mark.group() in {"}", "]"}:
            depth -= 1
            if depth == 0:
                return mark.end()
    return len(source)


def _unescaped(text: str) -> str:
    """Return what a string of JavaScript says."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_meant, text)
    # Two escapes may make one character together; half of one is none.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _meant(found: re.Match[str]) -> str:
    code = found.group(1) or found.group(2)
    return chr(int(code, 16)) if code else _ESCAPED.get(found.group(3), found.group(3))
