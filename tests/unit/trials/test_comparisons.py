"""Comparing pages in a process of its own: what is hostile ends that process and nothing else."""

from __future__ import annotations

import pytest

from crawler import trials
from crawler.trials import StoredPage, asking


def a_page(body: bytes) -> StoredPage:
    return StoredPage("http://a.test/", {"content-type": "text/html"}, body)


def test_two_pages_are_compared_without_what_is_ignored() -> None:
    before = a_page(b"<p>Kettle<p>12 views<p class=ad>buy this<p>Price: 38.00")
    after = a_page(b"<p>Kettle<p>13 views<p class=ad>buy that<p>Price: 41.80")
    found = trials.comparison_of(before, after, noise={"counters": True, "css": [".ad"]})
    assert [line.kind.value for line in found.lines] == ["same", "changed"]
    assert found.lines[1].after == (("Price: ", False), ("41.80", True))


def test_a_page_that_takes_too_long_is_told_of() -> None:
    deep = a_page(b"<div>" * 400_000)
    with pytest.raises(trials.TookTooLong):
        trials.comparison_of(deep, deep, noise={}, cpu_seconds=0.02)


@pytest.mark.parametrize("code", [-27, 1])
def test_page_at_which_the_process_ends_has_no_fingerprint_and_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    said = ({"began": True}, {"fingerprint": [5, 30]})
    monkeypatch.setattr(asking, "_run", lambda *_args, **_more: asking._Ended(said, code))
    assert trials.fingerprints_of([a_page(b"x")] * 3) == [(5, 30), None]


def test_changes_of_pages_are_judged_one_after_the_other() -> None:
    noise = {"counters": True, "css": [".ad"]}
    before, after, other = (a_page(f"<p>Kettle{more}".encode()) for more in ("<p>1 view", "<p>2 views", "s"))
    found = trials.verdicts_of([(before, after), (before, other), (other, other)], noise=noise)
    assert found == [("counters",), None, ("markup",)]
    assert trials.verdicts_of([(before, after)] * 3, noise=noise, cpu_seconds=0.0) == [("counters",)]


@pytest.mark.parametrize("code", [-27, 1])
def test_change_at_which_the_process_ends_counts_and_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    pairs = [(a_page(b"x"), a_page(b"y"))] * 3
    said = ({"began": True}, {"only": ["dates"]})
    monkeypatch.setattr(asking, "_run", lambda *_args, **_more: asking._Ended(said, code))
    assert trials.verdicts_of(pairs, noise={}) == [("dates",), None]
    monkeypatch.setattr(asking, "_run", lambda *_args, **_more: asking._Ended((), code))
    with pytest.raises(trials.CannotTry):
        trials.verdicts_of(pairs, noise={})
