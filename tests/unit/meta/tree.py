"""The project's own files, as the tests about them walk them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ("webui", "crawler", "scrapers", "demo")
ALL = (*SHIPPED, "benchmarks", "tests")
NOT_OURS = ("migrations", "vendor", "cases", "__pycache__")


def files(*suffixes: str, folders: tuple[str, ...] = ALL) -> list[Path]:
    """Return our own files with these suffixes: nothing generated, nothing vendored, no golden pages."""
    return sorted(
        path
        for folder in folders
        for suffix in suffixes
        for path in (ROOT / folder).rglob(f"*{suffix}")
        if not set(path.relative_to(ROOT).parts) & set(NOT_OURS)
    )


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(text(path))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a module with the lines of its body, the docstring not counted."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, body_lines(node)


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
