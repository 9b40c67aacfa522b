"""The cookies and dates of abarth/http-state, which RFC 6265 was written with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crawler.policy.cookies import CookieJar, cookie_date
from crawler.policy.retry import http_date
from crawler.urls import canonical
from tests.corpora import assert_score, corpus

NOW = datetime(2011, 6, 1, tzinfo=UTC)
ORIGIN = "http://home.example.org:8888"


def sent_after(case: str, response: str) -> str:
    """Return the Cookie field that follows on the response of a case."""
    lines = [line.partition(": ") for line in response.split("\n") if line]
    url = canonical(f"{ORIGIN}/cookie-parser?{case}")
    jar = CookieJar()
    jar.receive([value for name, _, value in lines if name == "Set-Cookie"], url=url, now=NOW)
    location = next((value for name, _, value in lines if name == "Location"), "")
    following = canonical(location or f"/cookie-parser-result?{case}", base=url.text)
    return jar.header(following, now=NOW)


def expected(case: dict[str, str]) -> str:
    return case["expected"].strip().removeprefix("Cookie: ")


OTHERWISE = {
    "0028",  # what it expects is no Cookie field
    "disabled-chromium0022",  # a NUL in a value: RFC 6265bis ignores the whole field
    "disabled-chromium0023",  # a CR in it
    "disabled-path0029",  # whether paths are decoded before they are compared: they are not
    "optional-domain0042",  # an empty Domain after another: the last one counts
}


def test_cookies_are_sent_as_the_corpus_expects() -> None:
    cases: dict[str, dict[str, str]] = corpus("cookies")
    wrong = {name for name, case in cases.items() if sent_after(name, case["test"]) != expected(case)}
    assert wrong == OTHERWISE
    assert_score("cookies", len(cases) - len(wrong))


def test_dates_are_read_as_the_corpus_expects() -> None:
    cases: list[dict[str, Any]] = [case for part in corpus("dates").values() for case in part]
    right = [case for case in cases if cookie_date(case["test"]) == _moment(case["expected"])]
    assert_score("cookie_dates", len(right))


def _moment(text: str | None) -> datetime | None:
    return http_date(text) if text else None
