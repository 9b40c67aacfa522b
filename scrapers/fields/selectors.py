"""The ways to select: CSS, XPath 1.0, RE2, JMESPath and embedded JSON, compiled or refused with a reason."""

from __future__ import annotations

import re as plain_re
from dataclasses import dataclass
from typing import TypeAlias

import cssselect
import jmespath
import re2
from lxml import etree
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from scrapers.fields.searching import Search

MAX_CHARACTERS = 1_000
MAX_PATTERN_CHARACTERS = 500
MAX_LEAD_CHARACTERS = 200
NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
PATTERN_SCHEMA = {
    "type": "string",
    "maxLength": MAX_PATTERN_CHARACTERS,
    "allOf": [{"pattern": r"\S"}, {"pattern": NO_CONTROL}],
}
"""What is known of an RE2 pattern without compiling it, as JSON Schema."""
KINDS = ("css", "xpath", "re", "jmespath", "json")

_SUFFIX = plain_re.compile(r"::(?:text|attr\(\s*([\w:.-]+)\s*\))\s*\Z")
_ARROW = "->"
_SIGNS = ("=", "(", ":")
_ITSELF = frozenset({"", ":scope", "."})
_PROBE = LexborHTMLParser("<p>x</p>")
_EMPTY = etree.Element("html")


class BadSelector(ValueError):
    """A selector that cannot be compiled; the message is for the person who wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Css:
    """A CSS selector; `attr` from its suffix `::attr(name)`.

    `text` is for selectolax, empty where it cannot read the selector; the two XPaths are for lxml,
    None where cssselect cannot. At least one is there. `itself` selects the scope.
    """

    text: str
    html: etree.XPath | None
    xml: etree.XPath | None
    attr: str | None
    itself: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class XPath:
    """An XPath 1.0 expression without extension functions."""

    find: etree.XPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """An RE2 pattern, which takes linear time on any text."""

    find: re2._Regexp


@dataclass(frozen=True, slots=True, kw_only=True)
class JmesPath:
    """A JMESPath expression over JSON."""

    find: Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A JMESPath expression over JSON that HTML carries.

    `source` is the element or attribute that holds it, the number of a JSON script of the page, or the
    text in a script after which it stands, such as `window.state =`.
    """

    source: Css | int | str
    find: Search


Selector: TypeAlias = Css | XPath | Pattern | JmesPath | Embedded


def short_form(text: str) -> tuple[str, str]:
    """Return kind and selector of the short form `css:h1`; text without a kind is CSS."""
    kind, colon, rest = text.partition(":")
    return (kind, rest) if colon and kind in KINDS else ("css", text)


def compile_selector(kind: str, text: str) -> Selector:
    """Return the compiled selector; raises BadSelector."""
    limit = MAX_PATTERN_CHARACTERS if kind == "re" else MAX_CHARACTERS
    if len(text) > limit:
        raise BadSelector(f"is longer than {limit} characters")
    if any(ord(character) < 32 and character not in "\t\n\r" for character in text) or not _is_utf8(text):
        raise BadSelector("holds a control character or half a character")
    if not text.strip():
        raise BadSelector("is empty")
    match kind:
        case "css":
            return _css(text)
        case "xpath":
            return _xpath(text)
        case "re":
            return _pattern(text)
        case "jmespath":
            return JmesPath(find=_search(text))
        case _:
            return _embedded(text)


def css_of(selector: Selector | None) -> Css | None:
    """Return the CSS in a selector, None where it has none."""
    match selector:
        case Css():
            return selector
        case Embedded(source=Css() as source):
            return source
        case _:
            return None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _css(text: str) -> Css:
    suffix = _SUFFIX.search(text)
    attr = suffix.group(1) if suffix else None
    bare = (text[: suffix.start()] if suffix else text).strip()
    if bare in _ITSELF:
        return Css(text="", html=None, xml=None, attr=attr, itself=True)
    if bare.startswith("/"):
        raise BadSelector("is not CSS; it looks like XPath, which is written as xpath")
    native = _lexbor_reads(bare)
    html, xml = (
        _translated(bare, cssselect.HTMLTranslator()),
        _translated(bare, cssselect.GenericTranslator()),
    )
    if not native and html is None:
        raise BadSelector(f"is not a CSS selector: {_reason(bare)}")
    return Css(text=bare if native else "", html=html, xml=xml, attr=attr)


def _lexbor_reads(text: str) -> bool:
    try:
        _PROBE.css(text)
    except SelectolaxError:
        return False
    return True


def _translated(text: str, translator: cssselect.GenericTranslator) -> etree.XPath | None:
    try:
        return etree.XPath(translator.css_to_xpath(text), regexp=False, smart_strings=False)
    except (cssselect.SelectorError, etree.XPathError, RecursionError):
        return None
    except ValueError:  # an escape such as `\1` may spell what XML cannot hold
        return None


def _reason(text: str) -> str:
    try:
        cssselect.HTMLTranslator().css_to_xpath(text)
    except cssselect.SelectorError as error:
        return str(error)
    except RecursionError:
        return "nested too deep"
    return "not understood"


def _xpath(text: str) -> XPath:
    try:
        find = etree.XPath(text, regexp=False, smart_strings=False)
        # Unknown functions, variables and namespaces only show when the expression runs.
        find(_EMPTY)
    except etree.XPathError as error:
        raise BadSelector(f"is not XPath 1.0: {str(error).lower()}") from None
    return XPath(find=find)


def _pattern(text: str) -> Pattern:
    options = re2.Options()
    options.log_errors = False
    try:
        return Pattern(find=re2.compile(text, options))
    except re2.error as error:
        raise BadSelector(_re2_reason(error)) from None


def _re2_reason(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if "invalid perl operator" in reason:
        return (
            "uses look-ahead or look-behind, which RE2 does not have; match what surrounds "
            "the value and put the value in a group"
        )
    if plain_re.search(r"invalid escape sequence: \\\d", reason):
        return "uses a back-reference, which RE2 does not have"
    return f"is not an RE2 pattern: {reason}"


def _search(text: str) -> Search:
    try:
        return Search(jmespath.compile(text))
    except jmespath.exceptions.JMESPathError as error:
        raise BadSelector(f"is not JMESPath: {str(error).partition(chr(10))[0]}") from None
    except RecursionError:
        raise BadSelector("is nested too deep") from None


def _embedded(text: str) -> Embedded:
    """Read `SOURCE -> JMESPATH`; without an arrow it is all that the source holds."""
    source, arrow, path = (part.strip() for part in text.partition(_ARROW))
    if not source:
        raise BadSelector("says not where the JSON is; write it such as script#state -> items[]")
    if arrow and not path:
        raise BadSelector("needs JMESPath after ->, such as script#state -> items[]")
    return Embedded(source=_source(source), find=_search(path or "@"))


def _source(text: str) -> Css | int | str:
    if text.isascii() and text.isdecimal():
        if len(text) > 3 or int(text) == 0:
            raise BadSelector("counts the JSON scripts of a page from 1 to 999")
        return int(text)
    if not text.endswith(_SIGNS):
        return _css(text)
    if not text[:-1].strip():
        raise BadSelector(f"needs a name before {text[-1]}, such as window.state =")
    if len(text) > MAX_LEAD_CHARACTERS:
        raise BadSelector(f"has more than {MAX_LEAD_CHARACTERS} characters before the JSON")
    return text
