"""Test fetches: one page of a target that is not saved yet, as a worker would see it."""

from __future__ import annotations


def run(*, draft: str) -> dict[str, object]:
    raise NotImplementedError(draft)
