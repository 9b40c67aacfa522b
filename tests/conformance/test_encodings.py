"""Encodings of documents by html5lib-tests (MIT)."""

from __future__ import annotations

from scrapers import encoding
from tests.corpora import assert_score, corpus


def test_score_holds() -> None:
    cases = corpus("encodings")
    right = sum(
        encoding.choose(bytes.fromhex(case["data_hex"])) == encoding.name_of(case["encoding"])
        for case in cases
    )

    assert right >= 0.95 * len(cases)
    assert_score("encodings", right)
