"""HTTP dates, by those cookie dates of abarth/http-state that are in a form of RFC 9110 §5.6.7."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Any, Final

from crawler.policy.retry import http_date
from tests.corpora import assert_score, corpus

_TIME: Final = r"\d{2}:\d{2}:\d{2}"
FORMS: Final = re.compile(
    rf"[A-Z][a-z]{{2}}, \d{{2}} [A-Z][a-z]{{2}} \d{{4}} {_TIME} GMT"  # IMF-fixdate
    rf"|[A-Z][a-z]+, \d{{2}}-[A-Z][a-z]{{2}}-\d{{2}} {_TIME} GMT"  # RFC 850, the weekday also in short
    rf"|[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d {_TIME} \d{{4}}(?: GMT)?"  # asctime, some add the zone
)


def _is_right(case: dict[str, Any]) -> bool:
    expected = case["expected"]
    return http_date(case["test"]) == (parsedate_to_datetime(expected) if expected else None)


def test_every_date_in_a_form_of_http_is_read() -> None:
    cases = [case for group in corpus("dates").values() for case in group if FORMS.fullmatch(case["test"])]

    assert [case["test"] for case in cases if not _is_right(case)] == []
    assert_score("http_dates", len(cases))


def test_what_is_no_date_is_none_and_never_an_error() -> None:
    cases = [case for group in corpus("dates").values() for case in group if case["expected"] is None]

    assert len(cases) == 9
    read = [case["test"] for case in cases if http_date(case["test"]) is not None]
    assert read == ["Thu, 012-Aug-2008 20:49:07 GMT"]  # a leading zero more makes no other day
