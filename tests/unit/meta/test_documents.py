"""Documents lead to what exists: every relative link, every heading named, every path in the tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.meta import tables, tree

DOCUMENTS = sorted([*tree.ROOT.glob("*.md"), *tables.DOCS.rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _links(path: Path) -> list[str]:
    found = LINK.findall(FENCED.sub("", tree.text(path)))
    return [one or other for one, other in found if "://" not in (one or other)]


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", tree.text(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=tree.name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    dead = []
    for link in _links(path):
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(link)
    assert dead == []


def test_every_document_is_in_the_index() -> None:
    index = tables.DOCS / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in _links(index)}
    assert {path for path in tables.DOCS.rglob("*.md") if path != index} - linked == set()


@pytest.mark.parametrize("name", ["design.md", "recipes.md"])
def test_every_path_named_in_passing_exists(name: str) -> None:
    """Placeholders in angle brackets stand for whatever there is."""
    top = {path.name for path in tree.ROOT.iterdir()}
    missing = []
    for word in re.findall(r"`([\w./<>*-]+/[\w./<>*-]*)`", tree.text(tables.DOCS / name)):
        pattern = re.sub(r"<[\w-]+>", "*", word).rstrip("/")
        if word.split("/")[0] in top and not any(tree.ROOT.glob(pattern)):
            missing.append(word)
    assert missing == []
