"""Collecting garbage seldom, and only in the block that asks for it."""

from __future__ import annotations

import gc

import pytest

from crawler.engine import steady


def test_what_was_there_before_is_let_be_until_the_block_ends() -> None:
    gc.unfreeze()  # what the tests' own start has let be
    before = gc.get_threshold(), gc.get_freeze_count()
    with steady.collecting_seldom():
        assert gc.get_threshold() == steady.COLLECT_AT
        assert gc.get_freeze_count() > before[1]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_an_error_ends_it_too() -> None:
    before = gc.get_threshold()
    with pytest.raises(LookupError), steady.collecting_seldom():
        raise LookupError
    assert gc.get_threshold() == before
