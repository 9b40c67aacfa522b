"""XML and HTML parsers are made in one place, which lets them fetch nothing and expand nothing."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.unit.meta import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

FACTORY = "scrapers/page/markup.py"
MAKERS = frozenset(
    {"HTMLParser", "HTMLPullParser", "XML", "HTML", "XMLParser", "XMLPullParser", "XSLT", "fromstring",
     "fromstringlist", "iterparse", "parseString", "XInclude", "DTD"}
)  # fmt: skip
OTHER_PARSERS = re.compile(r"xml\.(etree|dom|sax|parsers)|lxml\.(html|objectify|sax)|xmltodict|html5lib")
# The first refuses a DOCTYPE before; the second only names the type.
SOUP = {"scrapers/page/document.py", "scrapers/sites/demo_shop.py"}


def test_parsers_are_made_in_one_place() -> None:
    made = {
        f"{tree.name(path)}:{call.lineno}"
        for path in tree.files(".py", folders=tree.SHIPPED)
        if tree.name(path) != FACTORY
        for call in _calls(tree.parsed(path))
        if isinstance(call.func, ast.Attribute) and call.func.attr in MAKERS and not _is_price(call.func)
    }
    assert made == set()


def test_no_other_library_parses_markup() -> None:
    imported = {
        f"{tree.name(path)}: {name}"
        for path in tree.files(".py", folders=tree.SHIPPED)
        for name in _imports(tree.parsed(path))
        if OTHER_PARSERS.match(name) or (name == "bs4" and tree.name(path) not in SOUP)
    }
    assert imported == set()


def test_every_parser_of_xml_is_told_to_fetch_and_expand_nothing() -> None:
    safe = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    calls = [
        call for call in _calls(tree.parsed(tree.ROOT / FACTORY)) if isinstance(call.func, ast.Attribute)
    ]
    of_xml = [call for call in calls if call.func.attr in {"XMLParser", "XMLPullParser"}]  # type: ignore[attr-defined]
    assert len(of_xml) == 2
    for call in of_xml:
        said = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
        assert safe.items() <= said.items()


def _is_price(called: ast.Attribute) -> bool:
    return isinstance(called.value, ast.Name) and called.value.id == "Price"


def _calls(module: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module) if isinstance(node, ast.Call))


def _imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Import():
                yield from (name.name for name in node.names)
            case ast.ImportFrom(module=str(name)):
                yield name
                yield from (f"{name}.{part.name}" for part in node.names)
