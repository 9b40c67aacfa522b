"""Texts of others without what a terminal would take for a command."""

from __future__ import annotations


def plain(text: str, *, instead: str = "�") -> str:
    """Return a text of one line with a sign for each character that cannot be seen."""
    return "".join(sign if sign.isprintable() else instead for sign in text)
