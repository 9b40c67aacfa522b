"""The text of a page as a reader sees it, line by line, and where it leads, without what stands around it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from selectolax.lexbor import LexborNode

    from scrapers.page import Page

MOST_CHARACTERS: Final = 1_000_000
MOST_LINES: Final = 20_000
LONGEST_LINE: Final = 1_000
LONGEST_REFERENCE: Final = 2_048

_NEVER_SHOWN: Final = frozenset(
    {"script", "style", "template", "noscript", "svg", "canvas", "iframe", "object", "select", "datalist"}
)
_AROUND: Final = frozenset({"nav", "footer", "aside"})
_CONTENT: Final = frozenset({"main", "article"})
_INLINE: Final = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
        "i", "ins", "kbd", "label", "mark", "output", "q", "s", "samp", "small", "span", "strike", "strong",
        "sub", "sup", "time", "tt", "u", "var", "wbr", "img", "button", "input", "meter", "progress", "ruby",
        "rb", "rp", "rt", "td", "th",
    }
)  # fmt: skip
_CELLS: Final = frozenset({"td", "th"})


_REFERENCES: Final = {"a": ("href", "link: "), "img": ("src", "picture: ")}


@dataclass(frozen=True, slots=True)
class Text:
    """The lines of a page as they stand there; not whole where they are more than is read.

    `references` are where its links lead and which pictures it shows, in their order, a line for each.
    """

    lines: list[str]
    references: list[str]
    is_whole: bool


def lines_of(page: Page, *, without: Iterable[str] = ()) -> list[str]:
    """Return what `page` says, without its navigation and footer; `without` are CSS selectors to leave out.

    What stands in `<main>` where there is one, else all of the body. JSON is spelled out, a line for each
    value. So long lines are broken between words, and of more than `MOST_LINES` the first are returned.
    """
    return shown_of(page, without=without).lines


def shown_of(page: Page, *, without: Iterable[str] = ()) -> Text:
    """Return the text of which the lines are those of `lines_of`."""
    return _text(page, without, _broken)


def text_of(page: Page, *, without: Iterable[str] = ()) -> Text:
    """Return what `shown_of` does, with long lines unbroken: what stands in one moves no others."""
    return _text(page, without, lambda line: (line.rstrip(),))


def _text(page: Page, without: Iterable[str], split: Callable[[str], Iterable[str]]) -> Text:
    linked: list[LexborNode] = []
    found, is_whole = _found(page, without, linked)
    lines, has_all_lines = _bounded(part for line in found for part in split(line))
    references, has_all_references = _bounded(_references(page, linked))
    return Text(lines, references, is_whole=is_whole and has_all_lines and has_all_references)


def _references(page: Page, linked: Iterable[LexborNode]) -> Iterator[str]:
    """Yield what elements refer to elsewhere on the web, without fragments."""
    for node in linked:
        attribute, kind = _REFERENCES[node.tag or ""]
        said = (node.attributes.get(attribute) or "").partition("#")[0].strip()
        if said and len(said) <= LONGEST_REFERENCE and (url := page.absolute(said)) is not None:
            yield kind + url


def _found(page: Page, without: Iterable[str], linked: list[LexborNode]) -> tuple[Iterator[str], bool]:
    """Return the lines of a page, some of them empty, and whether these are all that it has.

    Reading them adds the elements that refer elsewhere to `linked`.
    """
    if page.is_html:
        return _html_lines(page, frozenset(_left_out(page, without)), linked), True
    text, is_whole = _spelled_out(page) if page.is_json else _cut(page.text)
    return iter(text.splitlines()), is_whole


def _left_out(page: Page, selectors: Iterable[str]) -> Iterator[int]:
    for selector in selectors:
        for node in page.tree.css(selector):
            yield node.mem_id


def _html_lines(page: Page, left_out: frozenset[int], linked: list[LexborNode]) -> Iterator[str]:
    mains = page.tree.css("main, [role=main]")
    root = mains[0] if len(mains) == 1 else page.tree.body
    if root is None:
        return
    words: list[str] = []
    for part in _parts(root, left_out, linked):
        if part is not None:
            words.append(part)
        elif words:
            yield " ".join("".join(words).split()).strip(" |")
            words = []
    yield " ".join("".join(words).split()).strip(" |")


def _parts(root: LexborNode, left_out: frozenset[int], linked: list[LexborNode]) -> Iterator[str | None]:
    """Yield texts in their order, and None where a line ends. Deep pages are walked without recursion."""
    node, top = root, root.mem_id
    within = int(root.tag != "body")
    while True:
        tag = node.tag or ""
        if tag == "-text":
            yield node.text_content or ""
        elif not tag.startswith("-") and not _is_skipped(node, tag, left_out, inside=within > 0):
            if tag in _REFERENCES:
                linked.append(node)
            yield from _edge(tag, opens=True)
            if node.child is not None:
                within += tag in _CONTENT
                node = node.child
                continue
            yield from _edge(tag)
        while node.mem_id == top or node.next is None:
            parent = node.parent
            if node.mem_id == top or parent is None or parent.mem_id == top:
                return
            node = parent
            within -= (node.tag or "") in _CONTENT
            yield from _edge(node.tag or "")
        node = node.next


def _edge(tag: str, *, opens: bool = False) -> Iterator[str | None]:
    """Yield what stands where an element begins or ends: the cells of a row share a line."""
    if tag in _CELLS:
        if opens:
            yield " | "
    elif tag not in _INLINE:
        yield None


def _is_skipped(node: LexborNode, tag: str, left_out: frozenset[int], *, inside: bool) -> bool:
    if tag in _NEVER_SHOWN or tag in _AROUND or (tag == "header" and not inside):
        return True
    return node.mem_id in left_out


def _spelled_out(page: Page) -> tuple[str, bool]:
    """Return JSON a value to a line, in the order of the names; as it is where it is none."""
    try:
        text = orjson.dumps(orjson.loads(page.text), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # it reads deeper than it writes
        return _cut(page.text)
    return text[:MOST_CHARACTERS].decode("utf-8", "replace"), len(text) <= MOST_CHARACTERS


def _cut(text: str) -> tuple[str, bool]:
    return text[:MOST_CHARACTERS], len(text) <= MOST_CHARACTERS


def _broken(line: str) -> Iterable[str]:
    return textwrap.wrap(line, LONGEST_LINE) if len(line) > LONGEST_LINE else (line.rstrip(),)


def _bounded(found: Iterable[str]) -> tuple[list[str], bool]:
    """Return the lines that have room, but for empty ones, and whether these are all."""
    lines: list[str] = []
    room = MOST_CHARACTERS
    for line in found:
        if not line.strip():
            continue
        room -= len(line)
        if len(lines) == MOST_LINES or room < 0:
            return lines, False
        lines.append(line)
    return lines, True
