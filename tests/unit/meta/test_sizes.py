"""The project's files keep the sizes and the manners that let a newcomer read them."""

from __future__ import annotations

import ast
import re
from statistics import quantiles

from tests.unit.meta import tree

LONGEST_FILE = 500
LONGEST_BODY = 60
NINETIETH_PERCENTILE = 25
UNFINISHED = re.compile(r"\b(T[O]DO|FI[X]ME|X{3})\b")
TEXTS = (".py", ".html", ".js", ".css", ".sh", ".md", ".tmpl")


def test_every_module_says_in_one_line_what_it_owns() -> None:
    silent = [tree.name(path) for path in tree.files(".py") if not _opens_with_a_line(tree.parsed(path))]
    assert silent == []


def _opens_with_a_line(module: ast.Module) -> bool:
    docstring = ast.get_docstring(module, clean=False) or ""
    first, _, rest = docstring.partition("\n")
    return bool(first.strip()) and (not rest or not rest.partition("\n")[0].strip())


def test_no_file_is_longer_than_a_sitting() -> None:
    long = {
        tree.name(path): count
        for path in tree.files(*TEXTS)
        if (count := len(tree.text(path).splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{tree.name(path)}:{function}": lines
        for path in tree.files(".py")
        for function, lines in tree.functions(path)
        if lines > LONGEST_BODY
    }
    assert long == {}


def test_nine_functions_of_ten_are_short() -> None:
    shipped = tree.files(".py", folders=tree.SHIPPED)
    bodies = [lines for path in shipped for _function, lines in tree.functions(path)]
    assert quantiles(bodies, n=10)[-1] <= NINETIETH_PERCENTILE


def test_nothing_is_left_for_later() -> None:
    documents = [*tree.ROOT.glob("*.md"), *(tree.ROOT / "docs").rglob("*.md")]
    unfinished = [
        tree.name(path) for path in [*tree.files(*TEXTS), *documents] if UNFINISHED.search(tree.text(path))
    ]
    assert unfinished == []
