"""The guide to scrapers: its examples work and its lists are whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scrapers import registry
from scrapers.fields.types import Kind
from scrapers.page import Page

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "scrapers.md").read_text(encoding="utf-8")
DECLARED = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("example", DECLARED)
def test_declared_example_compiles(example: str) -> None:
    said = json.loads(example)
    scraper = registry.compile(name=said["scraper"], row=said.get("row", ""), fields=said["fields"])
    assert scraper.name == "fields"


def test_python_example_reads_a_page() -> None:
    (example,) = PYTHON
    names: dict[str, type[registry.SiteScraper]] = {}
    exec(compile(example, "guide", "exec"), names)
    books = names["Books"]()
    page = Page(url="https://books.example.org/book/1", body=b"<h1 class=title>T</h1><i class=author>A</i>")
    assert books.matches(page.url)
    assert next(iter(books.parse(page))) == {"title": "T", "authors": ["A"]}


@pytest.mark.parametrize("kind", Kind)
def test_every_type_is_described(kind: Kind) -> None:
    assert f"| `{kind}` |" in GUIDE


@pytest.mark.parametrize("choice", registry.names(), ids=lambda choice: choice.name)
def test_every_scraper_is_named(choice: registry.Choice) -> None:
    assert f"`{choice.name}`" in GUIDE
