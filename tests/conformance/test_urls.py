"""URLs by the http(s) and failing cases of web-platform-tests (urltestdata.json, BSD-3-Clause)."""

from __future__ import annotations

from typing import Any, Final

import ada_url
import pytest

from crawler.urls import BadUrl, canonical
from tests.corpora import assert_score, corpus

USER_INFO: Final = "take the user name and password out"
ADVICE: Final = (
    "write it with its scheme",
    "check its host name",
    "Punycode",
    "only http and https",
    USER_INFO,
)


def _parsed(case: dict[str, Any]) -> str:
    """Return a URL as the one parser reads it, before anything is dropped from it or refused."""
    if case["base"] is None:
        return ada_url.normalize_url(case["input"])
    return ada_url.join_url(case["base"], case["input"])


def _expected(case: dict[str, Any]) -> str:
    """Return a case's URL without its fragment; none of them has tracking parameters."""
    return str(case["href"]).partition("#")[0]


def _is_right(case: dict[str, Any]) -> bool:
    try:
        found = canonical(case["input"], base=case["base"]).text
    except BadUrl as refused:
        if "href" not in case:
            return any(advice in str(refused) for advice in ADVICE)
        return "@" in case["href"] and USER_INFO in str(refused) and _parsed(case) == case["href"]
    return "href" in case and found == _expected(case) and _parsed(case) == case["href"]


def test_every_case_is_read_as_expected_or_refused_with_advice() -> None:
    cases = corpus("urls")

    wrong = [case for case in cases if not _is_right(case)]
    assert wrong == []
    assert_score("urls", len(cases) - len(wrong))


def test_labels_that_are_no_punycode_are_refused_by_name() -> None:
    labels = [
        case for case in corpus("urls") if "failure" in case and "xn--pokxncvks" in case["input"].lower()
    ]

    assert len(labels) == 6
    for case in labels:
        with pytest.raises(BadUrl, match="is not valid Punycode; correct the host name"):
            canonical(case["input"])


def test_canonical_form_of_every_case_is_its_own_and_keeps_the_host() -> None:
    forms = 0
    for case in corpus("urls"):
        if "href" not in case or "@" in case["href"]:
            continue
        once = canonical(case["input"], base=case["base"])
        assert canonical(once.text) == once
        assert once.origin == case.get("origin", once.origin)
        assert once.host == case["hostname"]
        forms += 1
    assert forms >= 198
