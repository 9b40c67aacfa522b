"""Templates keep to the content security policy: nothing of their own that runs, nothing unescaped."""

from __future__ import annotations

import re

import pytest

from tests.unit.meta import tree

INLINE = {
    "a script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a script URL": re.compile(r"javascript:", re.IGNORECASE),
    "an evaluated attribute": re.compile(r"\shx-(?:on|vals=['\"]js:|headers=['\"]js:)", re.IGNORECASE),
    "unescaped text": re.compile(r"\|\s*safe\b|\bautoescape off\b"),
    "another site's file": re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=['\"](?:https?:)?//"),
}


@pytest.mark.parametrize("what", INLINE)
def test_no_template_holds(what: str) -> None:
    templates = tree.files(".html", folders=("webui",))
    assert templates
    found = [tree.name(path) for path in templates if INLINE[what].search(tree.text(path))]
    assert found == []


@pytest.mark.parametrize(
    ("what", "markup"),
    [
        ("a script", "<script>go()</script>"),
        ("a style attribute", '<p class="a" style="color:red">'),
        ("a handler", '<button\n  onclick="go()">'),
        ("an evaluated attribute", '<div hx-on:click="go()">'),
        ("unescaped text", "{{ item.data|safe }}"),
        ("another site's file", '<link rel="x" href="https://cdn.example/x.css">'),
    ],
)
def test_the_pattern_finds(what: str, markup: str) -> None:
    assert INLINE[what].search(markup)
